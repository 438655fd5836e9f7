// A js-libp2p node that the tests drive. Its options are the JSON of the first argument. Lines of
// fields, separated by tabs, go both ways:
//   in:   number command argument…
//   out:  number "result"|"error" text      or      "event" name field=value…
// It ends when its standard input does.
import { createHash, randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { quic } from '@chainsafe/libp2p-quic'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify, identifyPush } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const ECHO = '/test/echo/1.0.0'
const RESET = '/test/reset/1.0.0'
const PERF = '/perf/1.0.0'
const { pingInterval, listen, security, key, swarmKey } = JSON.parse(process.argv[2] ?? '{}')

const say = (...fields) => process.stdout.write(fields.join('\t') + '\n')
const event = (name, values) =>
  say('event', name, ...Object.entries(values).map(([field, value]) => `${field}=${value ?? ''}`))

const node = await createLibp2p({
  privateKey: await generateKeyPair(key ?? 'Ed25519'),
  addresses: { listen: [listen ?? '/ip4/127.0.0.1/tcp/0'] },
  transports: swarmKey == null ? [tcp(), webSockets(), quic()] : [tcp(), webSockets()],
  connectionEncrypters: security === 'tls' ? [tls()] : [noise()],
  streamMuxers: [yamux()],
  connectionProtector:
    swarmKey == null ? undefined : preSharedKey({ psk: new TextEncoder().encode(swarmKey) }),
  connectionGater: { denyDialMultiaddr: () => false },
  connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000 },
  connectionMonitor: { pingInterval: pingInterval ?? 10000 },
  services: { ping: ping(), identify: identify(), identifyPush: identifyPush() }
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
}, { maxInboundStreams: 1000, maxOutboundStreams: 1000 })

// Takes a byte and breaks off.
await node.handle(RESET, async stream => {
  for await (const _ of stream) {
    stream.abort(new Error('enough'))
    return
  }
})

await node.handle(PERF, async stream => {
  let head = Buffer.alloc(0)
  for await (const chunk of stream) {
    if (head.length < 8) {
      head = Buffer.concat([head, chunk.subarray()])
    }
  }
  const part = new Uint8Array(65536)
  for (let left = Number(head.readBigUInt64BE()); left > 0; left -= part.length) {
    await send(stream, part.subarray(0, Math.min(left, part.length)))
  }
  await stream.close()
})

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
  async handle (protocol) {
    await node.handle(protocol, () => {})
    return 'handled'
  },
  // Reads until the stream ends in one way or the other.
  async drain (address, protocol) {
    const stream = await node.dialProtocol(multiaddr(address), protocol)
    await send(stream, new Uint8Array(1))
    let count = 0
    for await (const chunk of stream) {
      count += chunk.byteLength
    }
    return count
  },
  async abort (address, protocol) {
    const stream = await node.dialProtocol(multiaddr(address), protocol)
    await send(stream, new Uint8Array(1))
    stream.abort(new Error('enough'))
    return 'aborted'
  },
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
