package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import tensorlink.jobs.exchange.Answerer;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.message.Answer;
import tensorlink.jobs.message.Question;
import tensorlink.jobs.party.Directory;
import tensorlink.jobs.party.Directory.Role;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.LedgerException;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerId;
import tensorlink.p2p.peer.PeerInfo;

/** Whoever claims the role of a validator is looked up on the Smartnodes contracts. */
class RegistryTest {
    private static final Account SOMEBODY = AccountKey.of(Bytes32.keccak("somebody")).account();

    private final PeerId registered = KeyPair.generate().peerId();
    private final PeerId stranger = KeyPair.generate().peerId();
    private final Map<Bytes32, Account> onChain = new HashMap<>();
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private int questions;
    private boolean isReachable = true;
    private final Registry registry = new Registry(this::read, () -> now);

    RegistryTest() {
        onChain.put(Registry.hash(registered), SOMEBODY);
    }

    private Map<Bytes32, Account> read() throws IOException {
        questions++;
        if (!isReachable) {
            throw new LedgerException("the chain cannot be asked");
        }
        return Map.copyOf(onChain);
    }

    private static PeerInfo info(PeerId peer) {
        return new PeerInfo(peer, List.of());
    }

    @Test
    void a_node_is_a_validator_when_its_hash_has_a_seat() throws Exception {
        assertThat(registry.isValidator(registered)).isTrue();
        assertThat(registry.isValidator(stranger)).isFalse();
        assertThat(questions).isEqualTo(1);
    }

    @Test
    void what_was_read_is_read_again_after_a_while() throws Exception {
        registry.isValidator(stranger);
        onChain.put(Registry.hash(stranger), SOMEBODY);
        onChain.remove(Registry.hash(registered));
        now = now.plus(Registry.KEPT).minusNanos(1);
        assertThat(registry.isValidator(stranger)).isFalse();

        now = now.plusNanos(1);

        assertThat(registry.isValidator(stranger)).isTrue();
        assertThat(registry.isValidator(registered)).isFalse();
        assertThat(questions).isEqualTo(2);
    }

    @Test
    void while_the_chain_cannot_be_asked_nobody_new_is_believed() throws Exception {
        isReachable = false;

        assertThatThrownBy(() -> registry.isValidator(registered))
                .isInstanceOf(LedgerException.class);

        isReachable = true;
        assertThat(registry.isValidator(registered)).isTrue();
    }

    @Test
    void only_registered_validators_are_found_and_workers_are_whoever_offers() throws Exception {
        var asked = new ArrayList<Integer>();
        Directory all =
                (role, count) -> {
                    asked.add(count);
                    return List.of(info(stranger), info(registered), info(stranger));
                };

        var found = registry.of(all);

        assertThat(found.find(Role.VALIDATOR, 2)).containsExactly(info(registered));
        assertThat(found.find(Role.WORKER, 2)).hasSize(3);
        // More are looked up than wanted: strangers must not crowd out the registered.
        assertThat(asked.getFirst()).isGreaterThan(2);
    }

    @Test
    void a_worker_takes_offers_from_registered_validators_alone() throws Exception {
        var answered = new ArrayList<PeerId>();
        Answerer worker =
                new Answerer() {
                    @Override
                    public boolean answers(Question question) {
                        return true;
                    }

                    @Override
                    public Answer answer(
                            PeerId from, Question question, Consumer<Answer.Progressed> progress) {
                        answered.add(from);
                        return new Answer.Done("taken");
                    }
                };
        var careful = registry.of(worker);
        var offer = new Question.MakeOffer(ByteString.EMPTY);
        var question = new Question.AskCapability(ByteString.EMPTY);

        assertThatThrownBy(() -> careful.answer(stranger, offer, _ -> {}))
                .isInstanceOf(JobException.class)
                .hasMessageContaining("not registered as a validator");
        careful.answer(registered, offer, _ -> {});
        careful.answer(stranger, question, _ -> {});

        assertThat(answered).containsExactly(registered, stranger);
    }
}
