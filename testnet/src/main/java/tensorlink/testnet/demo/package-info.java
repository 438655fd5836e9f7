/** The demonstration: a network of processes trains a model, and shows that it was right. */
@NullMarked
package tensorlink.testnet.demo;

import org.jspecify.annotations.NullMarked;
