/**
 * What finding each other costs: an idle node's traffic, the way into a network, the hash table,
 * gossip. {@link BenchIdle} and {@link BenchDiscovery} are the commands.
 */
@NullMarked
package tensorlink.testnet.bench.discovery;

import org.jspecify.annotations.NullMarked;
