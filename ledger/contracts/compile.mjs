// Compiles src/ with OpenZeppelin and writes what the Java side deploys and checks: the ABI and the
// bytecode. Usage: node compile.mjs OUTPUT-FILE
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const solc = createRequire(import.meta.url)('solc')
const here = dirname(fileURLToPath(import.meta.url))
const NAME = 'TensorlinkLedger'

const sources = Object.fromEntries(
  readdirSync(join(here, 'src'))
    .sort()
    .map((file) => [`src/${file}`, { content: readFileSync(join(here, 'src', file), 'utf8') }])
)
const settings = {
  optimizer: { enabled: true, runs: 100 },
  evmVersion: 'cancun',
  // Without metadata the bytecode depends on the code alone, not on paths or comments.
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  outputSelection: { '*': { [NAME]: ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } }
}
const readImport = (path) => {
  try {
    return { contents: readFileSync(join(here, 'node_modules', path), 'utf8') }
  } catch (error) {
    return { error: error.message }
  }
}

const input = JSON.stringify({ language: 'Solidity', sources, settings })
const output = JSON.parse(solc.compile(input, { import: readImport }))
for (const { severity, formattedMessage } of output.errors ?? []) {
  console.error(`${severity}: ${formattedMessage}`)
}
if (output.errors?.length) {
  process.exit(1)
}
const { abi, evm } = output.contracts[`src/${NAME}.sol`][NAME]
const lines = abi.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n')
const codeBytes = evm.deployedBytecode.object.length / 2
writeFileSync(
  process.argv[2],
  `{\n  "compiler": "${solc.version()}",\n  "abi": [\n${lines}\n  ],\n  "codeBytes": ${codeBytes},\n  "bytecode": "0x${evm.bytecode.object}"\n}\n`
)
console.log(`${NAME}: ${codeBytes} bytes of code`)
