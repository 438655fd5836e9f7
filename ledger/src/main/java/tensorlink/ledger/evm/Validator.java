package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tensorlink.ledger.Account;

/**
 * A validator on the contract's list.
 *
 * @param record where its node is found, sealed by the node's key; empty when it has not said so
 */
record Validator(Account account, ByteString record) {
    /** So that an answer stays small: records have up to two kilobytes. */
    private static final int AT_ONCE = 50;

    /** A list that is longer is not one to believe. */
    private static final int VALIDATORS_MAX = 10_000;

    /** All of them, as of one final block. */
    static List<Validator> all(Chain chain, Account contract)
            throws IOException, InterruptedException {
        var block = chain.finalHash();
        var validators = new ArrayList<Validator>();
        List<Validator> some;
        do {
            var call = Calls.validators(validators.size(), AT_ONCE);
            some =
                    read(
                            new AbiReader(
                                    "answer",
                                    chain.agreedCall(Optional.empty(), contract, call, block)));
            validators.addAll(some);
            if (validators.size() > VALIDATORS_MAX) {
                throw new RpcFormatException("validators", "more than " + VALIDATORS_MAX);
            }
        } while (some.size() == AT_ONCE);
        return validators;
    }

    private static List<Validator> read(AbiReader answer) throws RpcFormatException {
        var accounts = answer.at("accounts", 0);
        var records = answer.at("records", 0);
        int count = accounts.count("accounts", AbiReader.WORD);
        if (count > AT_ONCE || records.count("records", AbiReader.WORD) != count) {
            throw new RpcFormatException("validators", count + " accounts, or not as many records");
        }
        int base = records.position();
        var validators = new ArrayList<Validator>();
        for (int i = 0; i < count; i++) {
            var record = records.at("record", base).bytes("record");
            validators.add(new Validator(accounts.account("validator"), record));
        }
        return validators;
    }
}
