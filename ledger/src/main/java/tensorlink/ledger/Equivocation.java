package tensorlink.ledger;

import com.google.protobuf.ByteString;

/**
 * Two statements of one validator that cannot both be true, with its signatures. Whoever has it can
 * prove the lie to anyone who knows the network's domain, without asking anybody.
 */
public sealed interface Equivocation {

    /** Two roots for one epoch. A ledger that is shown it takes the validator's collateral. */
    record Roots(
            Account validator,
            RewardRoot one,
            Signature65 oneSignature,
            RewardRoot other,
            Signature65 otherSignature)
            implements Equivocation {

        @Override
        public boolean isProven(Domain domain) {
            return one.epoch() == other.epoch()
                    && !one.equals(other)
                    && oneSignature.isBy(validator, one.digest(domain))
                    && otherSignature.isBy(validator, other.digest(domain));
        }
    }

    /** Two histories of one ledger. */
    record Heads(Signed<LedgerHead> one, Signed<LedgerHead> other) implements Equivocation {

        @Override
        public Account validator() {
            return one.message().validator();
        }

        @Override
        public boolean isProven(Domain domain) {
            return one.message().contradicts(other.message())
                    && one.isAuthentic(domain)
                    && other.isAuthentic(domain);
        }

        /** The two signed heads, one after the other. */
        public ByteString encode() {
            return one.encode().concat(other.encode());
        }

        /** Reads what {@link #encode} wrote; whether it proves anything is not checked here. */
        public static Heads decode(ByteString bytes) throws LedgerFormatException {
            int middle = bytes.size() / 2;
            return new Heads(
                    Signed.decode(bytes.substring(0, middle), LedgerHead::decode),
                    Signed.decode(bytes.substring(middle), LedgerHead::decode));
        }
    }

    /** Who lies, if it is proven. */
    Account validator();

    /** Whether the two contradict each other and the validator signed both for {@code domain}. */
    boolean isProven(Domain domain);
}
