package tensorlink.p2p.security;

import tensorlink.p2p.core.Connection.Direction;

class NoiseDiallerInputTest extends NoiseInput {
    NoiseDiallerInputTest() {
        super("noise-dialler", Direction.OUTBOUND);
    }
}
