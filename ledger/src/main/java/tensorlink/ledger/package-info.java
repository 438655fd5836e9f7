/** Agreements, vouchers and settlement on a file ledger. */
@NullMarked
package tensorlink.ledger;

import org.jspecify.annotations.NullMarked;
