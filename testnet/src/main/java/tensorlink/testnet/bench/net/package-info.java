/**
 * {@code bench net}: streams between two processes of this machine, against what bare Netty and
 * js-libp2p make of the same work in the same rounds. {@link BenchNet} starts {@link NetPeer} and
 * js, lets all {@link Carrier}s take turns at each {@link Row}, and prints a {@link NetReport}.
 */
@NullMarked
package tensorlink.testnet.bench.net;

import org.jspecify.annotations.NullMarked;
