package tensorlink.ledger.evm;

import java.nio.file.Path;
import tensorlink.ledger.AccountKey;

/**
 * Who pays for the gas of what is handed in; not a party to it, since requests carry their own
 * signatures.
 *
 * @param key used on this chain by nobody else
 * @param journal the file of what it has signed and not seen final
 * @param settings of its transactions
 */
public record EvmAccount(AccountKey key, Path journal, SenderSettings settings) {}
