/**
 * Who somebody is and where: keys, the ids that follow from them, signed statements, addresses.
 *
 * <p>A {@link tensorlink.p2p.peer.PeerId} is the hash of a public key, so whoever proves the key
 * proves the id. Keys are of all kinds that libp2p knows; costly sizes are refused. Decoders take
 * bytes of strangers and answer malformed ones with {@link java.lang.IllegalArgumentException}, bad
 * signatures with {@link java.security.SignatureException}.
 */
@NullMarked
package tensorlink.p2p.peer;

import org.jspecify.annotations.NullMarked;
