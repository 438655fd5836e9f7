/**
 * Networks as values: the {@link tensorlink.node.network.Descriptor} that a founder signs, the
 * {@link tensorlink.node.network.Invitation} that lets somebody in, and the {@link
 * tensorlink.node.network.Membership} that a node keeps in its home.
 *
 * <p>They live here because nobody below needs more of a network than its name and its key; only
 * the node has the whole. Everything read from outside is checked before it is believed, and what
 * is wrong with it is said in a {@link tensorlink.node.network.NetworkException}.
 */
@NullMarked
package tensorlink.node.network;

import org.jspecify.annotations.NullMarked;
