// Compiles double/, the Smartnodes contracts' stand-in for tests, and writes the bytecode of each of its
// contracts. Usage: node compile-double.mjs OUTPUT-FILE
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const solc = createRequire(import.meta.url)('solc')
const here = dirname(fileURLToPath(import.meta.url))
const FILE = 'double/SmartnodesDouble.sol'

const output = JSON.parse(
  solc.compile(
    JSON.stringify({
      language: 'Solidity',
      sources: { [FILE]: { content: readFileSync(join(here, FILE), 'utf8') } },
      settings: {
        optimizer: { enabled: true, runs: 100 },
        evmVersion: 'cancun',
        metadata: { bytecodeHash: 'none', appendCBOR: false },
        outputSelection: { '*': { '*': ['evm.bytecode.object'] } }
      }
    })
  )
)
for (const { severity, formattedMessage } of output.errors ?? []) {
  console.error(`${severity}: ${formattedMessage}`)
}
if (output.errors?.length) {
  process.exit(1)
}
const lines = Object.entries(output.contracts[FILE])
  .map(([name, { evm }]) => [name, evm.bytecode.object])
  .filter(([, code]) => code !== '')
  .map(([name, code]) => `  "${name}": "0x${code}"`)
  .join(',\n')
writeFileSync(process.argv[2], `{\n  "compiler": "${solc.version()}",\n${lines}\n}\n`)
