/** What the ledger costs: {@link tensorlink.testnet.bench.ledger.BenchLedger}. */
@NullMarked
package tensorlink.testnet.bench.ledger;

import org.jspecify.annotations.NullMarked;
