package tensorlink.ledger.evm;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tensorlink.ledger.Account;
import tensorlink.ledger.AccountKey;
import tensorlink.ledger.Bytes32;
import tensorlink.ledger.evm.Transaction.SignedTransaction;
import tools.jackson.databind.JsonNode;

/**
 * A sender that is killed at each thing that it asks or tells a node, and another that goes on from
 * its journal. What it writes is torn in {@link SenderJournalTest}.
 */
class SenderCrashTest {
    private static final AccountKey KEY = AccountKey.of(Bytes32.keccak("sender"));
    private static final Optional<Account> CONTRACT =
            Optional.of(AccountKey.of(Bytes32.keccak("contract")).account());
    private static final ByteString PAYMENT = ByteString.copyFromUtf8("payment");
    private static final ByteString NEXT = ByteString.copyFromUtf8("next payment");
    private static final BigInteger GWEI = BigInteger.valueOf(1_000_000_000);

    @TempDir private Path directory;

    /** On which side of the node's doing it is killed. */
    enum When {
        BEFORE,
        AFTER
    }

    private static final class Killed extends Error {
        private static final long serialVersionUID = 1;
    }

    /** A node that is the last thing a process speaks with. */
    private static final class Fatal implements Rpc {
        private final FakeChain chain;
        private final When when;
        private int left;

        Fatal(FakeChain chain, When when, int left) {
            this.chain = chain;
            this.when = when;
            this.left = left;
        }

        @Override
        public JsonNode call(String method, Object... params) throws IOException {
            boolean last = left-- == 0;
            if (last && when == When.BEFORE) {
                throw new Killed();
            }
            var answer = chain.call(method, params);
            if (last) {
                throw new Killed();
            }
            return answer;
        }
    }

    @ParameterizedTest
    @EnumSource
    void wherever_it_is_killed_no_nonce_is_used_twice_and_nothing_is_paid_twice(When when)
            throws Exception {
        int steps = 0;
        int signed = 0;
        for (boolean killed = true; killed; steps++) {
            var chain = new FakeChain(KEY.account());
            chain.price = GWEI.multiply(BigInteger.TWO); // so that it offers more several times
            var journal = directory.resolve("journal " + steps);
            killed = isKilled(new Fatal(chain, when, steps), chain, journal);

            try (var sender = sender(chain, journal, chain)) {
                sender.resume();
                chain.price = GWEI;
                chain.mine();
                // As a ledger does: it asks the contract first whether it knows the payment.
                if (times(chain, PAYMENT) == 0) {
                    sender.send(CONTRACT, PAYMENT, 50_000);
                }
                sender.send(CONTRACT, NEXT, 50_000);
            }

            assertThat(times(chain, PAYMENT)).as("%s step %s", when, steps).isEqualTo(1);
            assertThat(times(chain, NEXT)).as("%s step %s", when, steps).isEqualTo(1);
            var calls = new HashMap<Long, ByteString>();
            for (var shown : chain.shown) {
                var call = shown.transaction().data();
                assertThat(calls.putIfAbsent(shown.nonce(), call))
                        .as("%s step %s: nonce %s", when, steps, shown.nonce())
                        .isIn(null, call);
            }
            signed = Math.max(signed, chain.shown.size());
        }
        assertThat(steps).isGreaterThan(20);
        assertThat(signed).isGreaterThan(3);
    }

    private static long times(FakeChain chain, ByteString call) {
        return chain.mined().stream()
                .map(SignedTransaction::transaction)
                .filter(it -> it.data().equals(call))
                .count();
    }

    /** Whether the end came before the payment was final. */
    private static boolean isKilled(Rpc rpc, FakeChain chain, Path journal) throws Exception {
        try (var sender = sender(rpc, journal, chain)) {
            sender.send(CONTRACT, PAYMENT, 50_000);
            return false;
        } catch (Killed expected) {
            return true;
        }
    }

    private static Sender sender(Rpc rpc, Path journal, FakeChain chain) throws Exception {
        var reader = new Chain(rpc, new Finality.Depth(1), RpcLimits.defaults());
        return new Sender(
                new Sender.Surroundings(reader, Anvil.CHAIN_ID, _ -> chain.mine()),
                KEY,
                new SenderSettings(
                        GWEI.multiply(BigInteger.valueOf(20)),
                        Duration.ofSeconds(1),
                        3,
                        Duration.ofSeconds(100)),
                SenderJournal.open(journal, Anvil.CHAIN_ID, KEY.account()));
    }
}
