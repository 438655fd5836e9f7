// js-libp2p nodes with a hash table that the tests drive, all in this process. The first argument is
// the name of the kad protocol. Lines of fields, separated by tabs, go both ways:
//   in:   number command argument…
//   out:  number "result"|"error" text
// It ends when its standard input does.
import { createInterface } from 'node:readline'
import { identify, identifyPush } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'

const protocol = process.argv[2]
const say = (...fields) => process.stdout.write(fields.join('\t') + '\n')
const bytes = hex => Uint8Array.from(Buffer.from(hex, 'hex'))
const cid = multihash => CID.createV1(raw.code, Digest.decode(bytes(multihash)))
const nodes = []

async function start (mode) {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000 },
    services: {
      ping: ping(),
      identify: identify(),
      identifyPush: identifyPush(),
      dht: kadDHT({
        protocol,
        clientMode: mode === 'client',
        peerInfoMapper: passthroughMapper,
        allowQueryWithZeroPeers: true,
        validators: {
          test: async (key, value) => {
            if (new TextDecoder().decode(value).startsWith('bad')) {
              throw new Error('a bad value')
            }
          }
        },
        selectors: { test: () => 0 }
      })
    }
  })
  nodes.push(node)
  return `${nodes.length - 1} ${node.getMultiaddrs()[0]}`
}

const dht = index => nodes[index].services.dht
const within = () => ({ signal: AbortSignal.timeout(20000) })

const commands = {
  start,
  async connect (index, address) {
    return (await nodes[index].dial(multiaddr(address))).remotePeer
  },
  async table (index) {
    return dht(index).routingTable.size
  },
  async knows (index, peer) {
    return dht(index).routingTable.find(peerIdFromString(peer)).then(found => found != null)
  },
  async findPeer (index, peer) {
    for await (const event of dht(index).findPeer(peerIdFromString(peer), within())) {
      if (event.name === 'FINAL_PEER') {
        return event.peer.multiaddrs.join(' ')
      }
    }
    throw new Error('not found')
  },
  async put (index, key, value) {
    let told = 0
    for await (const event of dht(index).put(bytes(key), bytes(value), within())) {
      if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') {
        told++
      }
    }
    return told
  },
  async get (index, key) {
    for await (const event of dht(index).get(bytes(key), within())) {
      if (event.name === 'VALUE') {
        return Buffer.from(event.value).toString('hex')
      }
    }
    throw new Error('not found')
  },
  async provide (index, multihash) {
    for await (const _ of dht(index).provide(cid(multihash), within())) {
      // until all have been told
    }
    return 'provided'
  },
  async findProviders (index, multihash) {
    const found = new Set()
    for await (const event of dht(index).findProviders(cid(multihash), within())) {
      if (event.name === 'PROVIDER') {
        event.providers.forEach(provider => found.add(provider.id.toString()))
      }
    }
    return [...found].join(' ')
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [number, command, ...parameters] = line.split('\t')
  commands[command](...parameters)
    .then(result => say(number, 'result', result))
    .catch(error => say(number, 'error', `${error.name}: ${error.message}`.replaceAll(/\s/g, ' ')))
}
await Promise.all(nodes.map(node => node.stop()))
process.exit(0)
