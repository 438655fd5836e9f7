package tensorlink.testnet.sim.gossip;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import tensorlink.p2p.gossip.GossipMessage;

/**
 * The messages of a simulation, and where each of them got.
 *
 * <p>A message is 2 KiB. The first 8 bytes are its id, a hash of its number; then comes the number,
 * from 1 on; those of 0 and below are forgeries.
 */
final class Messages {
    static final String TOPIC = "simulated";

    private static final int BYTES = 2048;
    private static final int ID_BYTES = 8;

    private final int honest;
    private final long countsFrom;
    private final long recoveredFrom;
    private final List<Published> published = new ArrayList<>();
    private final Latencies all = new Latencies();
    private final Latencies recovered = new Latencies();
    private final int[] receivedBy;
    private final long[] deliveredOf;
    private int forged;
    private long delivered;
    private long twice;
    private long traceHash = 0xcbf29ce484222325L;

    Messages(GossipScenario scenario) {
        this.honest = scenario.network().honest();
        this.countsFrom = scenario.traffic().warmUp().toNanos();
        this.recoveredFrom = scenario.recoversAt().toNanos();
        this.receivedBy = new int[honest];
        this.deliveredOf = new long[scenario.traffic().publishers()];
    }

    /** What makes two messages the same. */
    static ByteString id(GossipMessage message) {
        return message.data().substring(0, ID_BYTES);
    }

    static boolean isForged(GossipMessage message) {
        return number(message) <= 0;
    }

    private static long number(GossipMessage message) {
        var data = message.data();
        long number = 0;
        for (int i = ID_BYTES; i < ID_BYTES + Long.BYTES; i++) {
            number = number << 8 | (data.byteAt(i) & 0xff);
        }
        return number;
    }

    private static GossipMessage message(long number) {
        var data = ByteBuffer.allocate(BYTES);
        data.putLong(new SplittableRandom(number).nextLong()).putLong(number).rewind();
        return GossipMessage.unsigned(TOPIC, ByteString.copyFrom(data));
    }

    /** A new message by {@code author}. */
    GossipMessage publish(Node author, long now) {
        published.add(new Published(author.number(), now, now >= countsFrom));
        return message(published.size());
    }

    /** A new message that nobody should take. */
    GossipMessage forge() {
        return message(- ++forged);
    }

    int author(GossipMessage message) {
        long number = number(message);
        return number <= 0 ? -1 : published.get(Math.toIntExact(number - 1)).author;
    }

    /** {@code node} was given {@code message} by its router. */
    void delivered(HonestNode node, GossipMessage message, long now) {
        int number = Math.toIntExact(number(message));
        trace(now);
        trace(node.number());
        trace(number);
        delivered++;
        var origin = published.get(number - 1);
        if (!node.isFirst(number)) {
            twice++;
        } else if (origin.counts) {
            all.add(now - origin.at);
            receivedBy[node.number()]++;
            deliveredOf[origin.author]++;
            if (origin.at >= recoveredFrom) {
                recovered.add(now - origin.at);
            }
        }
    }

    private void trace(long value) {
        traceHash = (traceHash ^ value) * 0x100000001b3L;
    }

    long traceHash() {
        return traceHash;
    }

    long delivered() {
        return delivered;
    }

    long twice() {
        return twice;
    }

    /** How many messages count. */
    int counted() {
        return count(countsFrom);
    }

    GossipReport.Deliveries all() {
        return all.of((long) counted() * (honest - 1));
    }

    GossipReport.Deliveries recovered() {
        return recovered.of((long) count(recoveredFrom) * (honest - 1));
    }

    private int count(long from) {
        int count = 0;
        for (var message : published) {
            count += message.counts && message.at >= from ? 1 : 0;
        }
        return count;
    }

    /** The share of the messages of others that the node got that got the fewest. */
    double leastReceived() {
        var own = byAuthor();
        double least = 1;
        for (int node = 0; node < honest; node++) {
            int others = counted() - (node < own.length ? own[node] : 0);
            least = Math.min(least, others == 0 ? 1 : (double) receivedBy[node] / others);
        }
        return least;
    }

    /** The share of deliveries made of the messages of the publisher that was heard the least. */
    double leastHeard() {
        var own = byAuthor();
        double least = 1;
        for (int author = 0; author < own.length; author++) {
            if (own[author] > 0) {
                double expected = (double) own[author] * (honest - 1);
                least = Math.min(least, deliveredOf[author] / expected);
            }
        }
        return least;
    }

    private int[] byAuthor() {
        var counts = new int[deliveredOf.length];
        for (var message : published) {
            counts[message.author] += message.counts ? 1 : 0;
        }
        return counts;
    }

    private record Published(int author, long at, boolean counts) {}
}
