package tensorlink.ledger.evm;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.web3j.rlp.RlpDecoder;
import org.web3j.rlp.RlpEncoder;
import org.web3j.rlp.RlpList;
import org.web3j.rlp.RlpString;
import org.web3j.rlp.RlpType;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Signature65;

/**
 * A transaction of EIP-1559 that moves no ether: a call, or the deployment of a contract.
 *
 * @param to empty for a deployment
 */
record Transaction(
        long chainId, long nonce, Fee fee, long gasLimit, Optional<Account> to, ByteString data) {
    /** EIP-2718: the first byte says of which kind the rest is. */
    private static final ByteString TYPE = ByteString.copyFrom(new byte[] {2});

    private static final int V_EVEN = 27;
    private static final int UNSIGNED_FIELDS = 9;
    private static final int FIELDS = 12;

    /** A transaction with the bytes that are broadcast; their hash is what receipts know. */
    record SignedTransaction(Transaction transaction, ByteString bytes) {
        long nonce() {
            return transaction.nonce;
        }

        Bytes32 hash() {
            return Bytes32.keccak(bytes);
        }
    }

    Transaction withFee(Fee fee) {
        return new Transaction(chainId, nonce, fee, gasLimit, to, data);
    }

    SignedTransaction sign(AccountKey key) {
        var fields = fields();
        return sealed(fields, key.sign(digest(fields)));
    }

    /**
     * Reads what {@link #sign} made.
     *
     * @throws IllegalArgumentException when {@code bytes} are anything but a transaction of this
     *     kind that {@code signer} signed
     */
    static SignedTransaction decode(ByteString bytes, Account signer) {
        if (!bytes.startsWith(TYPE)) {
            throw new IllegalArgumentException("not a transaction of EIP-1559");
        }
        List<RlpType> fields;
        Transaction transaction;
        Signature65 signature;
        try {
            var outer = RlpDecoder.decode(bytes.substring(1).toByteArray()).getValues();
            fields = ((RlpList) outer.getFirst()).getValues();
            if (fields.size() != FIELDS) {
                throw new IllegalArgumentException(fields.size() + " fields, not " + FIELDS);
            }
            transaction = of(fields);
            signature =
                    new Signature65(
                            word(fields.get(10))
                                    .concat(word(fields.get(11)))
                                    .concat(v(number(fields.get(9)).intValueExact())));
        } catch (RuntimeException malformed) {
            throw new IllegalArgumentException("not a transaction of ours", malformed);
        }
        var again = transaction.fields();
        var signed = transaction.sealed(again, signature);
        if (!signed.bytes.equals(bytes) || !signature.isBy(signer, digest(again))) {
            throw new IllegalArgumentException("not a transaction that " + signer + " signed");
        }
        return signed;
    }

    private static Transaction of(List<RlpType> fields) {
        var to = bytes(fields.get(5));
        return new Transaction(
                number(fields.get(0)).longValueExact(),
                number(fields.get(1)).longValueExact(),
                new Fee(number(fields.get(2)), number(fields.get(3))),
                number(fields.get(4)).longValueExact(),
                to.isEmpty() ? Optional.empty() : Optional.of(new Account(to)),
                bytes(fields.get(7)));
    }

    private List<RlpType> fields() {
        return List.of(
                RlpString.create(chainId),
                RlpString.create(nonce),
                RlpString.create(fee.tip()),
                RlpString.create(fee.cap()),
                RlpString.create(gasLimit),
                string(to.map(Account::bytes).orElse(ByteString.EMPTY)),
                RlpString.create(BigInteger.ZERO),
                string(data),
                new RlpList());
    }

    private SignedTransaction sealed(List<RlpType> fields, Signature65 signature) {
        var bytes = signature.bytes();
        var all = new ArrayList<>(fields.subList(0, UNSIGNED_FIELDS));
        all.add(RlpString.create(bytes.byteAt(Signature65.SIZE - 1) - V_EVEN));
        all.add(RlpString.create(unsigned(bytes.substring(0, Bytes32.SIZE))));
        all.add(RlpString.create(unsigned(bytes.substring(Bytes32.SIZE, 2 * Bytes32.SIZE))));
        return new SignedTransaction(this, encode(all));
    }

    private static Bytes32 digest(List<RlpType> fields) {
        return Bytes32.keccak(encode(fields));
    }

    private static ByteString encode(List<RlpType> fields) {
        return TYPE.concat(ByteString.copyFrom(RlpEncoder.encode(new RlpList(fields))));
    }

    private static RlpString string(ByteString bytes) {
        return RlpString.create(bytes.toByteArray());
    }

    private static ByteString bytes(RlpType field) {
        return ByteString.copyFrom(((RlpString) field).getBytes());
    }

    private static BigInteger number(RlpType field) {
        return unsigned(bytes(field));
    }

    private static BigInteger unsigned(ByteString bytes) {
        return new BigInteger(1, bytes.toByteArray());
    }

    private static ByteString word(RlpType field) {
        var bytes = bytes(field);
        return ByteString.copyFrom(new byte[Bytes32.SIZE - bytes.size()]).concat(bytes);
    }

    private static ByteString v(int parity) {
        return ByteString.copyFrom(new byte[] {(byte) (V_EVEN + parity)});
    }
}
