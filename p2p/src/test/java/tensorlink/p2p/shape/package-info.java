/**
 * The six shapes to which the advisories against libp2p reduce, each for every protocol that it can
 * take; numbers from remotes are tested beside each decoder. Here whole hosts stand against a
 * scripted peer.
 */
@NullMarked
package tensorlink.p2p.shape;

import org.jspecify.annotations.NullMarked;
