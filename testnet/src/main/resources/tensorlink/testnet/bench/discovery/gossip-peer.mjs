// js-libp2p for `bench discovery`: one node that gossips. Each line of standard input is a JSON
// array, a command and its parameters, as GossipPeer.java has them; each is answered with a line, a
// JSON object. It ends when its input does.
import { createInterface } from 'node:readline'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

const TOPIC = 'bench'

const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  services: {
    ping: ping(),
    identify: identify(),
    gossip: gossipsub({
      allowPublishToZeroTopicPeers: true,
      globalSignaturePolicy: 'StrictSign',
      // Both peers share one address here.
      scoreParams: { IPColocationFactorWeight: 0 }
    })
  }
})
const gossip = node.services.gossip
let micros = []
gossip.addEventListener('message', ({ detail }) => {
  const sent = Buffer.from(detail.data.subarray(0, 8)).readBigInt64BE()
  micros.push(Number(process.hrtime.bigint() - sent) / 1000)
})
gossip.subscribe(TOPIC)

const sleep = millis => new Promise(resolve => setTimeout(resolve, millis))

const commands = {
  address: () => ({ address: node.getMultiaddrs()[0].toString() }),
  async dial (address) {
    await node.dial(multiaddr(address))
    return {}
  },
  mesh: () => ({ peers: gossip.getMeshPeers(TOPIC).length }),
  async publish (count, bytes, pause) {
    for (let i = 0; i < count; i++) {
      const data = Buffer.alloc(bytes)
      data.writeBigInt64BE(process.hrtime.bigint())
      await gossip.publish(TOPIC, data)
      await sleep(pause)
    }
    return {}
  },
  take () {
    const taken = micros
    micros = []
    return { micros: taken }
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
