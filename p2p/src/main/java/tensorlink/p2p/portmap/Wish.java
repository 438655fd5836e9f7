package tensorlink.p2p.portmap;

/**
 * A port that should be reached from outside.
 *
 * @param port where we listen, and what is wanted outside
 */
record Wish(Kind kind, int port) {
    /** What is mapped, with its number in PCP. */
    enum Kind {
        TCP(6),
        UDP(17);

        private final int number;

        Kind(int number) {
            this.number = number;
        }

        int number() {
            return number;
        }
    }

    Wish {
        if (port < 1 || port > 0xffff) {
            throw new IllegalArgumentException("port " + port + ", expected 1 to 65535");
        }
    }
}
