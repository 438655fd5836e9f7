/**
 * The program and the embedding API: nodes of every role, put together from the modules below.
 *
 * <p>Embedding starts at {@link tensorlink.node.UserNode}, {@link tensorlink.node.WorkerNode} or
 * {@link tensorlink.node.ValidatorNode}, the program at {@link tensorlink.node.cli.Main}. Both go
 * through {@link tensorlink.node.Node}, which assembles host, DHT and roles.
 */
@NullMarked
package tensorlink.node;

import org.jspecify.annotations.NullMarked;
