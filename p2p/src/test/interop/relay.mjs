// A js-libp2p node that relays, is behind a relay or calls through one, punches holes, asks and
// answers AutoNAT, and looks for others by mDNS; driven like peer.mjs.
import { createInterface } from 'node:readline'
import { autoNAT } from '@libp2p/autonat'
import { autoNATv2 } from '@libp2p/autonat-v2'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { identify, identifyPush } from '@libp2p/identify'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const ECHO = '/test/echo/1.0.0'
const { listen, announce, relays, limits, nat, punches, near } = JSON.parse(process.argv[2] ?? '{}')

const say = (...fields) => process.stdout.write(fields.join('\t') + '\n')
const event = (name, values) =>
  say('event', name, ...Object.entries(values).map(([field, value]) => `${field}=${value ?? ''}`))

const services = { ping: ping(), identify: identify(), identifyPush: identifyPush() }
if (relays) {
  services.relay = circuitRelayServer({
    reservations: limits === false ? { applyDefaultLimit: false } : {}
  })
}
if (nat === 1) {
  services.nat = autoNAT({ startupDelay: 100, refreshInterval: 1000 })
}
if (nat === 2) {
  services.nat = autoNATv2({ startupDelay: 100, refreshInterval: 1000 })
}
if (punches) {
  services.dcutr = dcutr()
}
const node = await createLibp2p({
  addresses: { listen: listen ?? ['/ip4/127.0.0.1/tcp/0'], appendAnnounce: announce ?? [] },
  transports: [tcp(), circuitRelayTransport({ reservationConcurrency: 1 })],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  peerDiscovery: near ? [mdns({ interval: 1000 })] : [],
  connectionGater: { denyDialMultiaddr: () => false },
  connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000 },
  services
})

node.addEventListener('peer:discovery', ({ detail }) => {
  event('found', { peer: detail.id, addresses: detail.multiaddrs })
})

await node.handle(ECHO, async stream => {
  for await (const chunk of stream) {
    if (!stream.send(chunk.subarray())) {
      await stream.onDrain()
    }
  }
  await stream.close()
}, { runOnLimitedConnection: true })

const commands = {
  async dial (address) {
    const connection = await node.dial(multiaddr(address))
    return `${connection.remotePeer} ${connection.remoteAddr} ${connection.limits != null}`
  },
  async ping (peer) {
    return await node.services.ping.ping(peerIdFromString(peer))
  },
  // Sends so many bytes and tells how many came back.
  async echo (address, size) {
    const stream = await node.dialProtocol(multiaddr(address), ECHO, { runOnLimitedConnection: true })
    const sending = (async () => {
      for (let left = Number(size); left > 0;) {
        const part = new Uint8Array(Math.min(left, 10000))
        left -= part.length
        if (!stream.send(part)) {
          await stream.onDrain()
        }
      }
      await stream.close()
    })()
    let count = 0
    for await (const chunk of stream) {
      count += chunk.byteLength
    }
    await sending
    return count
  },
  async open (address, protocol) {
    const stream = await node.dialProtocol(multiaddr(address), protocol, { runOnLimitedConnection: true })
    return stream.protocol
  },
  async addresses () {
    return node.getMultiaddrs()
  },
  async verified (address) {
    return node.components.addressManager.getAddressesWithMetadata()
      .some(it => it.multiaddr.toString().startsWith(address) && it.verified)
  }
}

// Public addresses that nobody has verified are not among its addresses; those it listens at are.
event('ready', {
  peer: node.peerId,
  addresses: node.getMultiaddrs().find(it => !`${it}`.includes('p2p-circuit')) ??
    `${node.components.transportManager.getAddrs()[0] ?? ''}/p2p/${node.peerId}`
})

for await (const line of createInterface({ input: process.stdin })) {
  const [number, command, ...parameters] = line.split('\t')
  commands[command](...parameters)
    .then(result => say(number, 'result', result))
    .catch(error => say(number, 'error', `${error.name}: ${error.message}`.replaceAll(/\s/g, ' ')))
}
await node.stop()
process.exit(0)
