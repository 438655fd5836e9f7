// Makes smartnodes.json: the hashes of the Smartnodes contracts over values from a fixed sequence,
// by ethers, an implementation independent of ours.
//
//   npm install ethers@6.17.0 && node make_smartnodes.mjs
import { writeFileSync } from 'node:fs';
import { AbiCoder, concat, dataSlice, keccak256, toUtf8Bytes } from 'ethers';

let counter = 0;
const draw = size => dataSlice(keccak256(toUtf8Bytes(`smartnodes ${counter++}`)), 0, size);
const hash = (types, values) => keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
const node = (a, b) => keccak256(BigInt(a) <= BigInt(b) ? concat([a, b]) : concat([b, a]));

const distribution = count => {
  const id = BigInt(count) + 1n;
  const workers = Array.from({ length: count }, () => draw(20));
  const capacities = workers.map((_, i) => BigInt(draw(i % 16 + 1)) + 1n >> 1n || 1n);
  let level = workers.map((worker, i) =>
    hash(['address', 'uint256', 'uint256'], [worker, capacities[i], id]));
  const leaves = level;
  while (level.length > 1) {
    const below = level;
    level = [];
    for (let i = 0; i < below.length; i += 2) level.push(node(below[i], below[i + 1] ?? below[i]));
  }
  return {
    id: `${id}`, workers, capacities: capacities.map(String), leaves, root: level[0] ?? '0x' + '0'.repeat(64),
    workersHash: hash(['address[]'], [workers]), capacitiesHash: hash(['uint256[]'], [capacities]),
  };
};

const proposal = (removed, jobs, number) => {
  const p = {
    root: draw(32), totalCapacity: `${BigInt(draw(9))}`, removed: Array.from({ length: removed }, () => draw(20)),
    jobs: Array.from({ length: jobs }, () => draw(32)), workersHash: draw(32), capacitiesHash: draw(32), number,
  };
  const types = ['bytes32', 'address[]', 'bytes32[]', 'bytes32', 'bytes32'];
  const values = [p.root, p.removed, p.jobs, p.workersHash, p.capacitiesHash];
  p.shipped = hash(['uint8', ...types], [number, ...values]);
  p.head = hash(types, values);
  return p;
};

writeFileSync(new URL('smartnodes.json', import.meta.url), JSON.stringify({
  distributions: [0, 1, 2, 3, 4, 5, 7, 8, 33].map(distribution),
  proposals: [[0, 0, 1], [1, 0, 2], [0, 1, 3], [2, 3, 255]].map(args => proposal(...args)),
}, null, 1) + '\n');
