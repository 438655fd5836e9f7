package tensorlink.node;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Equivocation;
import tensorlink.ledger.HeadWatch;
import tensorlink.ledger.HeadWatch.Heard;
import tensorlink.ledger.LedgerException;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.LedgerHead;
import tensorlink.ledger.Signed;
import tensorlink.ledger.file.FileLedger;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.gossip.Gossip;
import tensorlink.p2p.gossip.Topic;
import tensorlink.p2p.gossip.TopicConfig;
import tensorlink.p2p.gossip.TopicConfig.Verdict;
import tensorlink.p2p.peer.PeerId;

/**
 * What the network's validators sign of their ledgers, as gossip brings it to each of them. A
 * validator that shows two histories is found out by the first that hears of both, and proven to
 * lie to all others. Safe for use by any thread.
 */
final class LedgerHeads implements AutoCloseable {
    /** Between two words of a validator whose ledger has changed. */
    static final Duration PAUSE = Duration.ofSeconds(10);

    /** After so many pauses it speaks also when nothing has changed: for those who came late. */
    private static final int PAUSES_SILENT_MAX = 12;

    /** Between two looks whether anybody listens. */
    private static final Duration COMPANY_INTERVAL = Duration.ofSeconds(1);

    private static final byte HEAD = 0;
    private static final byte PROOF = 1;

    private static final Logger log = LoggerFactory.getLogger(LedgerHeads.class);

    private final HeadWatch watch;
    private final Scheduler scheduler;
    private @Nullable Gossip gossip;
    private String name = "";
    private @Nullable Topic topic;
    private @Nullable Thread saying;

    /** The end of a ledger, signed by the validator that keeps it. */
    @FunctionalInterface
    interface Own {
        Signed<LedgerHead> head() throws LedgerException;
    }

    LedgerHeads(Domain domain, Scheduler scheduler) {
        this.watch = new HeadWatch(domain);
        this.scheduler = scheduler;
    }

    /** What {@code validator} signs of its ledger's file. */
    static Own of(FileLedger ledger, AccountKey validator, Scheduler scheduler) {
        return () -> {
            var end = ledger.head();
            var now = Instant.ofEpochSecond(scheduler.now().getEpochSecond());
            var head = new LedgerHead(validator.account(), end.index(), end.hash(), now);
            return validator.sign(ledger.info().domain(), head);
        };
    }

    /**
     * Joins the network's topic.
     *
     * @param own empty for a validator that keeps no ledger
     */
    void start(Gossip joined, String network, Optional<Own> own) {
        name = "/tensorlink/" + network + "/ledger-heads";
        gossip = joined;
        topic =
                joined.join(
                        name,
                        TopicConfig.defaults()
                                .withValidator((from, message) -> judge(from, message.data())));
        own.ifPresent(
                mine -> saying = scheduler.fork("ledger heads", () -> keepSaying(joined, mine)));
    }

    private void keepSaying(Gossip joined, Own own) {
        try {
            long said = -1;
            for (int silent = 0; ; silent++) {
                while (joined.peers(name).isEmpty()) {
                    scheduler.sleep(COMPANY_INTERVAL);
                }
                var head = own.head();
                if (head.message().index() != said || silent >= PAUSES_SILENT_MAX) {
                    said = head.message().index();
                    silent = 0;
                    joined.publish(name, encode(head));
                }
                scheduler.sleep(PAUSE);
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        } catch (LedgerException stopped) {
            log.warn("says no more of the ledger: {}", stopped.getMessage());
        }
    }

    /** Keeps what is good as it is judged: nobody else has to be told. */
    Verdict judge(PeerId from, ByteString data) {
        try {
            return switch (data.isEmpty() ? -1 : data.byteAt(0)) {
                case HEAD -> judge(Signed.decode(data.substring(1), LedgerHead::decode));
                case PROOF -> judge(Equivocation.Heads.decode(data.substring(1)));
                default -> Verdict.REJECT;
            };
        } catch (LedgerFormatException malformed) {
            log.debug("{} brings nonsense: {}", from.shortText(), malformed.getMessage());
            return Verdict.REJECT;
        }
    }

    private Verdict judge(Signed<LedgerHead> head) {
        return switch (watch.hear(head)) {
            case Heard.New() -> Verdict.ACCEPT;
            case Heard.Known() -> Verdict.IGNORE;
            case Heard.Forged() -> Verdict.REJECT;
            case Heard.Lie(var proof) -> {
                tell(proof);
                // The others hear it with the proof.
                yield Verdict.IGNORE;
            }
        };
    }

    private Verdict judge(Equivocation.Heads proof) {
        if (watch.proof(proof.validator()).isPresent()) {
            return Verdict.IGNORE;
        }
        if (!watch.hear(proof)) {
            return Verdict.REJECT;
        }
        warn(proof);
        return Verdict.ACCEPT;
    }

    /** Not on the thread that judges, which gossip waits for. */
    private void tell(Equivocation.Heads proof) {
        warn(proof);
        var joined = gossip;
        if (joined != null) {
            scheduler.fork("ledger proof", () -> joined.publish(name, encode(proof)));
        }
    }

    private static void warn(Equivocation.Heads proof) {
        log.warn(
                "validator {} has signed two histories: record {} is {} and {}",
                proof.validator(),
                proof.one().message().index(),
                proof.one().message().hash(),
                proof.other().message().hash());
    }

    static ByteString encode(Signed<LedgerHead> head) {
        return ByteString.copyFrom(new byte[] {HEAD}).concat(head.encode());
    }

    static ByteString encode(Equivocation.Heads proof) {
        return ByteString.copyFrom(new byte[] {PROOF}).concat(proof.encode());
    }

    /** The newest head of each validator that was heard. */
    Map<Account, LedgerHead> newest() {
        return watch.newest();
    }

    /** The proof that {@code validator} lies, if there is one. */
    Optional<Equivocation.Heads> proof(Account validator) {
        return watch.proof(validator);
    }

    /** Says no more and leaves the topic. */
    @Override
    public void close() {
        if (saying != null) {
            saying.interrupt();
        }
        if (topic != null) {
            topic.leave();
        }
    }
}
