/**
 * What an operator can set, and from where: flag, environment, file, default, in this order.
 *
 * <p>{@link tensorlink.node.config.Setting} is the list; {@link tensorlink.node.config.Settings}
 * finds each value and remembers its origin; {@link tensorlink.node.config.NodeConfig} is the typed
 * result.
 */
@NullMarked
package tensorlink.node.config;

import org.jspecify.annotations.NullMarked;
