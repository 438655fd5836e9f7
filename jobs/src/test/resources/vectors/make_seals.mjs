// Makes seals.json: what this project's sealed messages look like to somebody else, who knows
// Protobuf, libp2p's signed envelopes (RFC 0002) and Ed25519, and none of our code.
//   node make_seals.mjs > seals.json
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const utf8 = (text) => Buffer.from(text, 'utf8');
const filled = (length, byte) => Buffer.alloc(length, byte);

// Protobuf's wire format.
function varint(value) {
  let rest = BigInt(value);
  const bytes = [];
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}
const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const bytes = (field, value) =>
  Buffer.concat([varint((field << 3) | 2), varint(value.length), value]);
function double(field, value) {
  const eight = Buffer.alloc(8);
  eight.writeDoubleLE(value);
  return Buffer.concat([varint((field << 3) | 1), eight]);
}
const message = (...fields) => Buffer.concat(fields);

// Keccak-256, as Ethereum has it.
function keccak(input) {
  const mask = (1n << 64n) - 1n;
  const rotate = (x, n) => ((x << BigInt(n)) | (x >> BigInt(64 - n))) & mask;
  const rate = 136;
  const padded = Buffer.alloc(Math.floor(input.length / rate) * rate + rate);
  input.copy(padded);
  padded[input.length] ^= 0x01;
  padded[padded.length - 1] ^= 0x80;
  const lanes = Array(25).fill(0n);
  for (let block = 0; block < padded.length; block += rate) {
    for (let i = 0; i < rate / 8; i++) lanes[i] ^= padded.readBigUInt64LE(block + 8 * i);
    let lfsr = 1;
    for (let round = 0; round < 24; round++) {
      const parity = [0, 1, 2, 3, 4].map(
        (x) => lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20]);
      for (let x = 0; x < 5; x++) {
        const d = parity[(x + 4) % 5] ^ rotate(parity[(x + 1) % 5], 1);
        for (let y = 0; y < 5; y++) lanes[x + 5 * y] ^= d;
      }
      let x = 1;
      let y = 0;
      let current = lanes[1];
      for (let t = 0; t < 24; t++) {
        [x, y] = [y, (2 * x + 3 * y) % 5];
        const shift = (((t + 1) * (t + 2)) / 2) % 64;
        const next = lanes[x + 5 * y];
        lanes[x + 5 * y] = shift === 0 ? current : rotate(current, shift);
        current = next;
      }
      for (let row = 0; row < 25; row += 5) {
        const five = lanes.slice(row, row + 5);
        for (let i = 0; i < 5; i++) {
          lanes[row + i] = five[i] ^ (~five[(i + 1) % 5] & mask & five[(i + 2) % 5]);
        }
      }
      for (let j = 0; j < 7; j++) {
        if (lfsr & 1) lanes[0] ^= 1n << BigInt((1 << j) - 1);
        lfsr = lfsr & 0x80 ? ((lfsr << 1) ^ 0x171) & 0xff : lfsr << 1;
      }
    }
  }
  const out = Buffer.alloc(32);
  for (let i = 0; i < 4; i++) out.writeBigUInt64LE(lanes[i], 8 * i);
  return out;
}
if (hex(keccak(utf8(''))) !== 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470') {
  throw new Error('keccak');
}

function envelope(seed, type, payload) {
  const key = createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const raw = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const prefixed = (part) => Buffer.concat([varint(part.length), part]);
  const signed = Buffer.concat([utf8('tensorlink:lab'), utf8(type), payload].map(prefixed));
  return message(
    bytes(1, message(number(1, 1), bytes(2, raw))),
    bytes(2, utf8(type)),
    bytes(3, payload),
    bytes(5, sign(null, signed, key)));
}

const made = Date.parse('2026-01-01T12:00:00Z');
const seal = message(
  bytes(1, utf8('lab')),
  bytes(2, filled(16, 1)),
  number(3, made),
  number(4, made + 5 * 60 * 1000));
const amount = (value) => Buffer.concat([Buffer.alloc(15), Buffer.from([value])]);
const user = filled(32, 2);
const validator = filled(32, 3);
const worker = filled(32, 4);
const payer = filled(20, 5);
const payee = filled(20, 6);
const salt = filled(32, 1);

const spec = message(
  number(1, 1), // training
  bytes(2, utf8('{"model_type":"llama"}')),
  bytes(3, filled(32, 7)),
  number(4, 2), // workers
  number(5, 2), // rows
  number(6, 16), // length
  number(7, 4), // micro-batches
  number(9, 3600), // seconds
  bytes(11, bytes(1, bytes(1, double(1, 0.5))))); // SGD with a learning rate
const id = keccak(Buffer.concat([keccak(spec), payer, salt]));
const request = envelope(user, '/tensorlink/job-request', message(
  bytes(1, seal),
  bytes(2, spec),
  bytes(3, payer),
  bytes(4, amount(77)),
  bytes(5, salt)));
const offer = envelope(validator, '/tensorlink/offer', message(
  bytes(1, seal),
  bytes(2, id),
  bytes(3, request),
  number(4, 1), // stage
  number(5, 2), // of
  number(6, 2), // first layer
  number(7, 4), // end
  number(8, 1234))); // bytes of memory
const capability = envelope(worker, '/tensorlink/capability', message(
  bytes(1, seal),
  number(2, 100),
  number(3, 60),
  number(4, 2),
  bytes(5, utf8('profile')),
  bytes(6, payee),
  bytes(7, amount(3)),
  bytes(8, filled(16, 9)),
  bytes(9, message(double(1, 4e9), double(2, 3e9), double(3, 2e9), double(4, 1e10)))));

console.log(JSON.stringify(
  { job: hex(id), request: hex(request), offer: hex(offer), capability: hex(capability) },
  null,
  2));
