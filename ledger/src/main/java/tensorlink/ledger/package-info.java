/**
 * Who owes whom: accounts, signed messages about money and jobs, and the {@link
 * tensorlink.ledger.Ledger} that settles them.
 *
 * <p>Start at {@link tensorlink.ledger.Ledger}. Messages are records that cannot be wrong, each
 * with an EIP-712 digest, so the same signatures are good for a file and for a contract. Money only
 * grows: issuances, deposits and vouchers state sums since the beginning, so a repeated message
 * pays nothing and a lost one loses nothing. No sockets here.
 */
@NullMarked
package tensorlink.ledger;

import org.jspecify.annotations.NullMarked;
