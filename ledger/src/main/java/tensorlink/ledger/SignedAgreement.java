package tensorlink.ledger;

import com.google.protobuf.ByteString;

/**
 * An agreement with the signatures of both parties, or what pretends to be: see {@link
 * #isAuthentic}.
 */
public record SignedAgreement(
        Agreement agreement, Signature65 payerSignature, Signature65 payeeSignature) {

    /** Whether payer and payee signed for {@code domain}; about a millisecond. */
    public boolean isAuthentic(Domain domain) {
        var digest = agreement.digest(domain);
        return payerSignature.isBy(agreement.payer(), digest)
                && payeeSignature.isBy(agreement.payee(), digest);
    }

    /** The agreement's canonical bytes, then the payer's signature, then the payee's. */
    public ByteString encode() {
        return agreement.encode().concat(payerSignature.bytes()).concat(payeeSignature.bytes());
    }

    /** Reads what {@link #encode} wrote; whose the signatures are is not checked here. */
    public static SignedAgreement decode(ByteString bytes) throws LedgerFormatException {
        int middle = Math.max(0, bytes.size() - Signature65.SIZE);
        int first = Math.max(0, middle - Signature65.SIZE);
        return new SignedAgreement(
                Agreement.decode(bytes.substring(0, first)),
                Fields.signature("payerSignature", first, bytes.substring(first, middle)),
                Fields.signature("payeeSignature", middle, bytes.substring(middle)));
    }
}
