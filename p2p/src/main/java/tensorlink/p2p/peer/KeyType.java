package tensorlink.p2p.peer;

/** The kinds of keys that libp2p knows, with their numbers in its Protobuf form. */
public enum KeyType {
    /** Verified only: an identity of one's own should be one of the others. */
    RSA(0, "RSA"),
    /** The one that every implementation has, and the default. */
    ED25519(1, "Ed25519"),
    SECP256K1(2, "secp256k1"),
    /** On the curve P-256. */
    ECDSA(3, "ECDSA");

    private final int number;
    private final String text;

    KeyType(int number, String text) {
        this.number = number;
        this.text = text;
    }

    int number() {
        return number;
    }

    static KeyType ofNumber(int number) {
        for (var type : values()) {
            if (type.number == number) {
                return type;
            }
        }
        throw new IllegalArgumentException(
                "is of unknown type " + Integer.toUnsignedString(number));
    }

    @Override
    public String toString() {
        return text;
    }
}
