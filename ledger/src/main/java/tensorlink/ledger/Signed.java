package tensorlink.ledger;

import com.google.protobuf.ByteString;

/** A message with a signature that may or may not be its signer's: see {@link #isAuthentic}. */
public record Signed<M extends Message>(M message, Signature65 signature) {

    /** Reads one kind of message from its canonical bytes, such as {@code Voucher::decode}. */
    @FunctionalInterface
    public interface Format<M> {
        M decode(ByteString bytes) throws LedgerFormatException;
    }

    /** Whether the message's signer signed it for {@code domain}; about half a millisecond. */
    public boolean isAuthentic(Domain domain) {
        return signature.isBy(message.signer(), message.digest(domain));
    }

    /** The message's canonical bytes, then the {@value Signature65#SIZE} of the signature. */
    public ByteString encode() {
        return message.encode().concat(signature.bytes());
    }

    /**
     * Reads what {@link #encode} wrote. The signature has the right form, which says nothing yet
     * about whose it is.
     */
    public static <M extends Message> Signed<M> decode(ByteString bytes, Format<M> format)
            throws LedgerFormatException {
        int end = Math.max(0, bytes.size() - Signature65.SIZE);
        return new Signed<>(
                format.decode(bytes.substring(0, end)),
                Fields.signature("signature", end, bytes.substring(end)));
    }
}
