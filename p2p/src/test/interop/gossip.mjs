// js-libp2p nodes that gossip, driven like peer.mjs: as many in one process as the options ask for.
// Every command's first argument is the number of a node.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const { nodes: count, signed, topic, ids, validate } = JSON.parse(process.argv[2] ?? '{}')

const say = (...fields) => process.stdout.write(fields.join('\t') + '\n')
const event = (name, values) =>
  say('event', name, ...Object.entries(values).map(([field, value]) => `${field}=${value ?? ''}`))

// The specification's id of a signed message; js has another by default.
const byAuthor = message => {
  const id = new Uint8Array(message.from.toMultihash().bytes.length + 8)
  id.set(message.from.toMultihash().bytes)
  new DataView(id.buffer).setBigUint64(id.length - 8, message.sequenceNumber)
  return id
}
// Topic with its length, then data, as the Java side has it.
const byContent = message => {
  const name = Buffer.from(message.topic)
  return createHash('sha256').update(Uint8Array.of(name.length)).update(name).update(message.data).digest()
}

const nodes = []
const received = []
for (let i = 0; i < (count ?? 1); i++) {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    // Twenty nodes may share one busy processor.
    connectionManager: {
      inboundConnectionThreshold: Infinity,
      maxIncomingPendingConnections: 1000,
      dialTimeout: 60000,
      inboundUpgradeTimeout: 60000,
      outboundUpgradeTimeout: 60000,
      protocolNegotiationTimeout: 60000
    },
    connectionMonitor: { enabled: false },
    services: {
      ping: ping(),
      identify: identify(),
      gossip: gossipsub({
        allowPublishToZeroTopicPeers: true,
        globalSignaturePolicy: signed === false ? 'StrictNoSign' : 'StrictSign',
        msgIdFn: ids === 'default' ? undefined : signed === false ? byContent : byAuthor,
        // All peers share one address here.
        scoreParams: { IPColocationFactorWeight: 0 }
      })
    }
  })
  const got = new Map()
  node.services.gossip.addEventListener('message', ({ detail }) => {
    const text = Buffer.from(detail.data.subarray(0, 64)).toString().trim()
    got.set(text, (got.get(text) ?? 0) + 1)
    if (text.startsWith('echo ')) {
      node.services.gossip.publish(topic, Buffer.from('re ' + text))
    }
  })
  node.services.gossip.subscribe(topic)
  nodes.push(node)
  received.push(got)
}

const commands = {
  async addresses () {
    return nodes.map(node => node.getMultiaddrs()[0])
  },
  async dial (i, address) {
    await nodes[i].dial(multiaddr(address))
    return 'connected'
  },
  async publish (i, text, size) {
    const data = Buffer.alloc(Math.max(Number(size ?? 0), text.length), ' ')
    data.write(text)
    const { recipients } = await nodes[i].services.gossip.publish(topic, data)
    return recipients.length
  },
  async mesh (i) {
    return nodes[i].services.gossip.getMeshPeers(topic).length
  },
  async peers (i) {
    return nodes[i].services.gossip.getSubscribers(topic).length
  },
  // How many different messages a node has, and how many it got more than once.
  async received (i) {
    const doubled = [...received[i].values()].filter(times => times > 1).length
    return `${received[i].size} ${doubled}`
  },
  async has (i, text) {
    return received[i].has(text)
  },
  async score (i, peer) {
    return nodes[i].services.gossip.getScore(peer)
  },
  // One-way delivery among js nodes: half of an echo's time, in microseconds, sorted.
  async latencies (i, times) {
    const samples = []
    for (let n = 0; n < Number(times); n++) {
      const text = `echo ${n} ${i}`
      const data = Buffer.alloc(1024, ' ')
      data.write(text)
      const start = process.hrtime.bigint()
      const answered = new Promise(resolve => {
        const listener = ({ detail }) => {
          if (Buffer.from(detail.data.subarray(0, 64)).toString().startsWith('re ' + text)) {
            nodes[i].services.gossip.removeEventListener('message', listener)
            resolve()
          }
        }
        nodes[i].services.gossip.addEventListener('message', listener)
      })
      await nodes[i].services.gossip.publish(topic, data)
      await answered
      samples.push(Number(process.hrtime.bigint() - start) / 2000)
    }
    return samples.map(Math.round)
  }
}

event('ready', { peer: nodes[0].peerId, addresses: nodes[0].getMultiaddrs()[0] })

for await (const line of createInterface({ input: process.stdin })) {
  const [number, command, ...parameters] = line.split('\t')
  commands[command](...parameters)
    .then(result => say(number, 'result', result))
    .catch(error => say(number, 'error', `${error.name}: ${error.message}`.replaceAll(/\s/g, ' ')))
}
for (const node of nodes) {
  await node.stop()
}
process.exit(0)
