package tensorlink.p2p.security;

import java.util.Optional;
import tensorlink.p2p.peer.PublicKey;

/**
 * What a security handshake proved and agreed.
 *
 * @param remoteKey the other side's identity
 * @param muxer the muxer, when the handshake settled that as well
 */
public record Secured(PublicKey remoteKey, Optional<String> muxer) {}
