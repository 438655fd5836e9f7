// Makes eip712.json and keystore.json, the values that our own hashing, signing and key files must
// reproduce. Every digest, signature and account is computed by ethers and again by viem, two
// implementations independent of each other and of ours; the script stops where they differ.
//
//   npm install ethers@6.17.0 viem@2.57.20 && node make_vectors.mjs
//
// Values are drawn from a fixed sequence, so a second run writes the same eip712.json.
import { readFileSync, writeFileSync } from 'node:fs';
import * as ethers from 'ethers';
import * as viem from 'viem';
import * as accounts from 'viem/accounts';

const version = name =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
const generator = `ethers ${version('ethers')}, checked equal with viem ${version('viem')}`;

let counter = 0;
const draw = size => ethers.dataSlice(ethers.keccak256(ethers.toUtf8Bytes(`draw ${counter++}`)), 0, size);
const uint = bits => [0n, 1n, (1n << BigInt(bits)) - 1n][counter % 5] ?? BigInt(draw(bits / 8));
const time = () => BigInt(draw(8)) % 253402300800n;
const units = () => [0n, 1n, (1n << 63n) - 1n][counter % 5] ?? BigInt(draw(7));

const TYPES = {
  Issuance: 'address issuer,address account,uint128 cumulative',
  Deposit: 'address payer,uint128 cumulative',
  JobOpening: 'bytes32 specHash,address payer,uint256 salt,address notary',
  JobClosing: 'bytes32 jobId,uint8 end,bytes32 resultHash,address closer',
  Agreement:
    'bytes32 jobId,address payer,address payee,uint128 maxPrice,uint128 unitPrice,bytes32 unit,' +
    'uint64 start,uint64 deadline,bytes32 specHash,address arbiter,uint256 salt',
  Voucher: 'address payer,address payee,uint128 cumulative,uint64 expiry,bytes32 jobsRoot',
  UsageReceipt: 'bytes32 jobId,address payee,uint64 units,uint64 sequence',
  PeerBinding: 'bytes peerId,address account,uint64 notAfter,uint64 serial',
};
const SIGNER = {
  Issuance: 'issuer', Deposit: 'payer', JobOpening: 'payer', JobClosing: 'closer',
  Agreement: 'payer', Voucher: 'payer', UsageReceipt: 'payee', PeerBinding: 'account',
};
// Identity multihashes of Ed25519 public keys, as libp2p writes a peer id.
const peerId = () => ethers.concat(['0x002408011220', draw(32)]);

function value(type, member) {
  if (member === 'end') return BigInt(1 + (counter++ % 4));
  if (member === 'units' || member === 'sequence' || member === 'serial') return units();
  if (member === 'peerId') return peerId();
  if (type === 'uint64') return time();
  if (type === 'address') return ethers.getAddress(draw(20));
  if (type === 'bytes32') return draw(32);
  return uint(Number(type.slice(4)));
}

const domains = ['lab', 'tensorlink-test', 'Netz für uns'].map(networkId => ({
  networkId,
  name: 'Tensorlink',
  version: '1',
  chainId: 0,
  verifyingContract: ethers.getAddress(
    ethers.dataSlice(ethers.keccak256(ethers.toUtf8Bytes(networkId)), 12)),
}));
domains.push({
  networkId: null, name: 'Tensorlink', version: '1', chainId: 84532,
  verifyingContract: '0x5FbDB2315678afecb367f032d93F642f64180aa3',
});
const bare = ({ name, version, chainId, verifyingContract }) => ({ name, version, chainId, verifyingContract });
for (const domain of domains) {
  domain.separator = ethers.TypedDataEncoder.hashDomain(bare(domain));
}

const messages = [];
for (const [type, members] of Object.entries(TYPES)) {
  const fields = members.split(',').map(member => {
    const [kind, name] = member.split(' ');
    return { type: kind, name };
  });
  for (let i = 0; i < 8; i++) {
    const secret = draw(32);
    const wallet = new ethers.Wallet(secret);
    const message = {};
    for (const { type: kind, name } of fields) message[name] = value(kind, name);
    message[SIGNER[type]] = wallet.address;
    if (type === 'Agreement' && message.start > message.deadline) {
      [message.start, message.deadline] = [message.deadline, message.start];
    }
    const domain = domains[i % domains.length];
    const types = { [type]: fields };
    const digest = ethers.TypedDataEncoder.hash(bare(domain), types, message);
    const signature = await wallet.signTypedData(bare(domain), types, message);
    const other = {
      digest: viem.hashTypedData({ domain: bare(domain), types, primaryType: type, message }),
      signature: await accounts.privateKeyToAccount(secret).signTypedData(
        { domain: bare(domain), types, primaryType: type, message }),
    };
    if (digest !== other.digest || signature !== other.signature) throw new Error(`differ: ${type} ${i}`);
    const texts = Object.fromEntries(Object.entries(message).map(([k, v]) => [k, String(v)]));
    messages.push({ type, domain: i % domains.length, message: texts, digest, secret, signature });
  }
}

const keys = [
  '0x0000000000000000000000000000000000000000000000000000000000000001',
  '0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140',
].concat(Array.from({ length: 6 }, () => draw(32)));
const signatures = keys.map(secret => {
  const digest = draw(32);
  const account = ethers.computeAddress(secret);
  if (account !== accounts.privateKeyToAccount(secret).address) throw new Error('differ: account');
  return { secret, account, digest, signature: new ethers.SigningKey(secret).sign(digest).serialized };
});

const strings = value => JSON.stringify(value, null, 2) + '\n';
writeFileSync('eip712.json', strings({ generator, domains, signatures, messages }));

// Key files: salts are random, so a second run writes others that must open just as well.
const files = [];
for (const [password, N] of [['correct horse', 4096], ['Straße 42 ☂', 4096], ['standard cost', 262144]]) {
  const secret = draw(32);
  const json = ethers.encryptKeystoreJsonSync(
    { address: ethers.computeAddress(secret), privateKey: secret }, password, { scrypt: { N } });
  files.push({ from: generator.split(',')[0], password, secret, file: JSON.parse(json) });
}
// The PBKDF2 test vector of the Web3 Secret Storage definition, which ethers opens. Its scrypt vector
// has n = 2^18 with r = 1, which RFC 7914 forbids and neither ethers nor we compute.
const file = {
  crypto: {
    cipher: 'aes-128-ctr', cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
    ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46', kdf: 'pbkdf2',
    kdfparams: { c: 262144, dklen: 32, prf: 'hmac-sha256',
      salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd' },
    mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2' },
  id: '3198bc9c-6672-5ab3-d995-4942343ae5b6', version: 3,
};
const secret = '0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d';
if (ethers.decryptKeystoreJsonSync(JSON.stringify(file), 'testpassword').privateKey !== secret) {
  throw new Error('differ: pbkdf2');
}
files.push({ from: 'Web3 Secret Storage definition', password: 'testpassword', secret, file });
writeFileSync('keystore.json', strings({ generator, files }));
