package tensorlink.jobs.job;

import com.google.protobuf.ByteString;
import tensorlink.p2p.peer.PeerId;

/**
 * Content that a peer signed, with the envelope that proves it to others.
 *
 * @param signer whose signature it bears, checked
 * @param envelope the signed bytes as they were made or received
 */
public record Sealed<T>(T content, PeerId signer, ByteString envelope) {}
