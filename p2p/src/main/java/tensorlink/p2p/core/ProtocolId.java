package tensorlink.p2p.core;

/**
 * The name under which two peers agree on what a stream carries, such as {@code /ipfs/ping/1.0.0}.
 *
 * @param name starts with a slash, printable ASCII without line ends, 2 to 140 characters
 */
public record ProtocolId(String name) {
    private static final int NAME_LENGTH_MAX = 140;

    public ProtocolId {
        if (!isValid(name)) {
            throw new IllegalArgumentException("bad protocol name \"" + name + "\"");
        }
    }

    /** Whether {@code name} can be negotiated. */
    public static boolean isValid(String name) {
        if (name.length() < 2 || name.length() > NAME_LENGTH_MAX || name.charAt(0) != '/') {
            return false;
        }
        for (int i = 0; i < name.length(); i++) {
            if (name.charAt(i) < ' ' || name.charAt(i) > '~') {
                return false;
            }
        }
        return true;
    }

    public static ProtocolId of(String name) {
        return new ProtocolId(name);
    }

    @Override
    public String toString() {
        return name;
    }
}
