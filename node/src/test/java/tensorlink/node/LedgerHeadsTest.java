package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.Domain;
import tensorlink.ledger.Equivocation;
import tensorlink.ledger.LedgerHead;
import tensorlink.ledger.Signed;
import tensorlink.ledger.file.FileLedger;
import tensorlink.ledger.file.FileLedgerConfig;
import tensorlink.p2p.HostConfig;
import tensorlink.p2p.Libp2p;
import tensorlink.p2p.core.Host;
import tensorlink.p2p.core.Scheduler;
import tensorlink.p2p.gossip.Gossip;
import tensorlink.p2p.gossip.GossipConfig;
import tensorlink.p2p.gossip.TopicConfig.Verdict;
import tensorlink.p2p.peer.KeyPair;

@Timeout(30)
class LedgerHeadsTest {
    private static final Domain DOMAIN = Domain.privateNetwork("lab");

    private final Scheduler scheduler = Scheduler.system();
    private final AccountKey validator = AccountKey.of(Bytes32.keccak("validator"));
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void stop() throws Exception {
        for (var one : open.reversed()) {
            one.close();
        }
    }

    @Test
    void what_a_validator_signs_of_its_ledger_reaches_the_others() throws Exception {
        var config = FileLedgerConfig.of("lab", validator.account());
        var ledger = FileLedger.inMemory(config, scheduler::now);
        open.add(ledger);
        var keeper = node(Optional.of(LedgerHeads.of(ledger, validator, scheduler)));
        var other = node(Optional.empty());
        keeper.host().connect(other.host().info());

        while (other.heads().newest().isEmpty()) {
            LockSupport.parkNanos(1_000_000);
        }

        var heard =
                Objects.requireNonNull(other.heads().newest().get(validator.account()), "heard");
        assertThat(heard.hash()).isEqualTo(ledger.head().hash());
        assertThat(other.heads().proof(validator.account())).isEmpty();
    }

    @Test
    void two_histories_are_proven_to_a_third_node_that_hears_the_liar_never() throws Exception {
        var liar = node(Optional.of(() -> head("a")));
        var second = node(Optional.empty());
        var third = node(Optional.empty());
        second.host().connect(third.host().info());
        liar.host().connect(second.host().info());
        while (second.heads().newest().isEmpty()) {
            LockSupport.parkNanos(1_000_000);
        }

        liar.gossip().publish("/tensorlink/lab/ledger-heads", LedgerHeads.encode(head("b")));

        while (third.heads().proof(validator.account()).isEmpty()) {
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(third.heads().proof(validator.account()).orElseThrow().isProven(DOMAIN))
                .isTrue();
        assertThat(third.host().connections()).hasSize(1);
    }

    @Test
    void what_proves_nothing_is_refused_and_what_is_known_not_passed_on() {
        var heads = new LedgerHeads(DOMAIN, scheduler);
        var from = KeyPair.generate().peerId();
        var stranger = AccountKey.of(Bytes32.keccak("stranger"));
        var forged =
                new Signed<>(
                        head("b").message(), stranger.sign(head("b").message().digest(DOMAIN)));
        var noProof = new Equivocation.Heads(head("a"), forged);

        assertThat(heads.judge(from, ByteString.EMPTY)).isEqualTo(Verdict.REJECT);
        assertThat(heads.judge(from, ByteString.copyFromUtf8("nonsense")))
                .isEqualTo(Verdict.REJECT);
        assertThat(heads.judge(from, LedgerHeads.encode(head("a")))).isEqualTo(Verdict.ACCEPT);
        assertThat(heads.judge(from, LedgerHeads.encode(head("a")))).isEqualTo(Verdict.IGNORE);
        assertThat(heads.judge(from, LedgerHeads.encode(forged))).isEqualTo(Verdict.REJECT);
        assertThat(heads.judge(from, LedgerHeads.encode(noProof))).isEqualTo(Verdict.REJECT);
        assertThat(heads.proof(validator.account())).isEmpty();
    }

    private Signed<LedgerHead> head(String history) {
        var hash = Bytes32.keccak(history);
        return validator.sign(
                DOMAIN, new LedgerHead(validator.account(), 7, hash, Instant.ofEpochSecond(1_000)));
    }

    private record Running(Host host, Gossip gossip, LedgerHeads heads) {}

    private Running node(Optional<LedgerHeads.Own> own) throws IOException, InterruptedException {
        var key = KeyPair.generate();
        var host = Libp2p.start(key, HostConfig.defaults());
        open.add(host);
        var gossip = Gossip.start(host, key, GossipConfig.defaults());
        open.add(gossip);
        var heads = new LedgerHeads(DOMAIN, scheduler);
        open.add(heads);
        heads.start(gossip, "lab", own);
        return new Running(host, gossip, heads);
    }
}
