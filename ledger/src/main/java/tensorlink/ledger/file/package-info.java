/**
 * The ledger of a private network: one validator's append-only, hash-chained file.
 *
 * <p>Start at {@link tensorlink.ledger.file.FileLedger}. The rules are pure ({@code LedgerState}:
 * what is true; {@code Policy}: what may enter now), the log ({@code HashLog}) knows only records,
 * and the disk ({@code Storage}) only bytes. README.md of the module has the format.
 */
@NullMarked
package tensorlink.ledger.file;

import org.jspecify.annotations.NullMarked;
