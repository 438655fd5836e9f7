// A js-libp2p node that the tests drive. Lines of fields, separated by tabs, go both ways:
//   in:   number command argument…
//   out:  number "result"|"error" text      or      "event" name field=value…
// It ends when its standard input does.
import { createHash, randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const ECHO = '/test/echo/1.0.0'
const pingInterval = Number(process.argv[2] ?? 10000)

const say = (...fields) => process.stdout.write(fields.join('\t') + '\n')
const event = (name, values) =>
  say('event', name, ...Object.entries(values).map(([field, value]) => `${field}=${value ?? ''}`))

const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000 },
  connectionMonitor: { pingInterval },
  services: { ping: ping(), identify: identify() }
})

async function send (stream, bytes) {
  if (!stream.send(bytes)) {
    await stream.onDrain()
  }
}

await node.handle(ECHO, async stream => {
  for await (const chunk of stream) {
    await send(stream, chunk.subarray())
  }
  await stream.close()
}, { maxInboundStreams: 1000 })

node.addEventListener('peer:identify', ({ detail }) => event('identified', {
  peer: detail.peerId,
  protocolVersion: detail.protocolVersion,
  agentVersion: detail.agentVersion,
  protocols: detail.protocols,
  addresses: detail.listenAddrs,
  observed: detail.observedAddr,
  signed: detail.signedPeerRecord?.addresses,
  sequence: detail.signedPeerRecord?.seq
}))
node.addEventListener('peer:disconnect', ({ detail }) => event('disconnected', { peer: detail }))

// Sends random bytes while it reads them back, and tells the digest of either direction.
async function echo (address, size) {
  const stream = await node.dialProtocol(multiaddr(address), ECHO)
  const sent = createHash('sha256')
  const received = createHash('sha256')
  const sending = (async () => {
    for (let left = Number(size); left > 0;) {
      const part = randomBytes(Math.min(left, 100000))
      sent.update(part)
      left -= part.length
      await send(stream, part)
    }
    await stream.close()
  })()
  for await (const chunk of stream) {
    received.update(chunk.subarray())
  }
  await sending
  return `${sent.digest('hex')} ${received.digest('hex')}`
}

const commands = {
  async dial (address) {
    const connection = await node.dial(multiaddr(address))
    return `${connection.remotePeer} ${connection.encryption} ${connection.multiplexer}`
  },
  async ping (peer) {
    return await node.services.ping.ping(peerIdFromString(peer))
  },
  async open (address, protocol) {
    const stream = await node.dialProtocol(multiaddr(address), protocol)
    return stream.protocol
  },
  echo,
  async connections (peer) {
    return node.getConnections(peerIdFromString(peer)).length
  },
  async certified (peer) {
    return (await node.peerStore.get(peerIdFromString(peer))).addresses.map(a => a.isCertified)
  }
}

event('ready', { peer: node.peerId, addresses: node.getMultiaddrs() })

for await (const line of createInterface({ input: process.stdin })) {
  const [number, command, ...parameters] = line.split('\t')
  commands[command](...parameters)
    .then(result => say(number, 'result', result))
    .catch(error => say(number, 'error', `${error.name}: ${error.message}`.replaceAll(/\s/g, ' ')))
}
await node.stop()
process.exit(0)
