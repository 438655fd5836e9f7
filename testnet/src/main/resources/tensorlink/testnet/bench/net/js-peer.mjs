// js-libp2p for `bench net`: one side of it, three ways at once. Each line of standard input is a
// JSON array, a command and its parameters; each is answered with a line, a JSON object. It ends
// when its input does.
import { createInterface } from 'node:readline'
import { performance } from 'node:perf_hooks'
import { quic } from '@chainsafe/libp2p-quic'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const PERF = '/perf/1.0.0'
const PING = '/ipfs/ping/1.0.0'
const ECHO = '/tensorlink/bench/echo/1.0.0'
const PART = new Uint8Array(65536)
const MESSAGE = new Uint8Array(32)
const TCP = '/ip4/127.0.0.1/tcp/0'
const WAYS = {
  noise: { listen: TCP, transport: tcp, security: noise },
  tls: { listen: TCP, transport: tcp, security: tls },
  quic: { listen: '/ip4/127.0.0.1/udp/0/quic-v1', transport: quic, security: noise }
}

const nodes = {}
for (const [way, { listen, transport, security }] of Object.entries(WAYS)) {
  const node = await createLibp2p({
    addresses: { listen: [listen] },
    transports: [transport()],
    connectionEncrypters: [security()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionManager: { inboundConnectionThreshold: Infinity, maxIncomingPendingConnections: 1000 },
    services: { ping: ping({ maxInboundStreams: 1000, maxOutboundStreams: 1000 }), identify: identify() }
  })
  nodes[way] = node
  await node.handle(PERF, async stream => {
    let head = Buffer.alloc(0)
    for await (const chunk of stream) {
      if (head.length < 8) {
        head = Buffer.concat([head, chunk.subarray()])
      }
    }
    await send(stream, Number(head.readBigUInt64BE()))
    await stream.close()
  }, { maxInboundStreams: 1000, maxOutboundStreams: 1000 })
  await node.handle(ECHO, async stream => {
    for await (const chunk of stream) {
      if (!stream.send(chunk)) {
        await stream.onDrain()
      }
    }
    await stream.close()
  }, { maxInboundStreams: 1000, maxOutboundStreams: 1000 })
}

async function send (stream, bytes) {
  for (let left = bytes; left > 0; left -= PART.length) {
    if (!stream.send(PART.subarray(0, Math.min(left, PART.length)))) {
      await stream.onDrain()
    }
  }
}

const open = (connection, protocol) =>
  connection.newStream(protocol, { maxOutboundStreams: 1000 })

// Sends 32 bytes and waits until they are back.
async function echo (stream, incoming) {
  stream.send(MESSAGE)
  for (let left = MESSAGE.length; left > 0;) {
    left -= (await incoming.next()).value.byteLength
  }
}

const commands = {
  address: way => ({ address: nodes[way].getMultiaddrs()[0].toString() }),
  async connect (way, address) {
    await nodes[way].dial(multiaddr(address))
    return {}
  },
  async disconnect (way) {
    await Promise.all(nodes[way].getConnections().map(connection => connection.close()))
    return {}
  },
  async upload (way, bytes) {
    const stream = await open(nodes[way].getConnections()[0], PERF)
    stream.send(new Uint8Array(8))
    await send(stream, bytes)
    await stream.close()
    for await (const _ of stream) {
      // Nothing was asked for.
    }
    return {}
  },
  async pings (way, count) {
    const stream = await open(nodes[way].getConnections()[0], PING)
    const incoming = stream[Symbol.asyncIterator]()
    const micros = []
    for (let i = 0; i < count; i++) {
      const sent = performance.now()
      await echo(stream, incoming)
      micros.push((performance.now() - sent) * 1000)
    }
    await stream.close()
    return { micros }
  },
  async streams (way, count) {
    for (let i = 0; i < count; i++) {
      const stream = await open(nodes[way].getConnections()[0], ECHO)
      await echo(stream, stream[Symbol.asyncIterator]())
      await stream.close()
    }
    return {}
  },
  async connections (way, address, count) {
    const remote = multiaddr(address)
    for (let i = 0; i < count; i++) {
      await Promise.all(nodes[way].getConnections().map(connection => connection.close()))
      await nodes[way].dial(remote)
    }
    return {}
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...parameters] = JSON.parse(line)
  let answer
  try {
    answer = await commands[command](...parameters)
  } catch (error) {
    answer = { error: `${error.name}: ${error.message}` }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
process.exit(0)
