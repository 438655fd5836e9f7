package tensorlink.p2p.security;

import tensorlink.p2p.core.Connection.Direction;

class NoiseListenerInputTest extends NoiseInput {
    NoiseListenerInputTest() {
        super("noise-listener", Direction.INBOUND);
    }
}
