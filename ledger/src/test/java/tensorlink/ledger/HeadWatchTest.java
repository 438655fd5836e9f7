package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.HeadWatch.Heard;

/** Validators that tell one story are believed; one that tells two is proven to lie, to anyone. */
class HeadWatchTest {
    private static final Domain DOMAIN = Domain.privateNetwork("lab");

    private final AccountKey honest = AccountKey.of(Bytes32.keccak("honest"));
    private final AccountKey liar = AccountKey.of(Bytes32.keccak("liar"));
    private final HeadWatch watch = new HeadWatch(DOMAIN);

    private static Signed<LedgerHead> head(AccountKey by, long index, String history) {
        var head =
                new LedgerHead(
                        by.account(),
                        index,
                        Bytes32.keccak(history + index),
                        Instant.ofEpochSecond(1_000 + index));
        return by.sign(DOMAIN, head);
    }

    @Test
    void a_validator_that_goes_on_is_believed() {
        for (int index = 1; index < 400; index++) {
            assertThat(watch.hear(head(honest, index, "a"))).isEqualTo(new Heard.New());
        }

        assertThat(watch.hear(head(honest, 399, "a"))).isEqualTo(new Heard.Known());
        assertThat(watch.proof(honest.account())).isEmpty();
        assertThat(watch.newest().get(honest.account()))
                .isEqualTo(head(honest, 399, "a").message());
    }

    @Test
    void two_histories_of_one_validator_are_proof_to_a_third_node_that_heard_neither() {
        watch.hear(head(liar, 7, "a"));
        watch.hear(head(honest, 7, "b"));

        var heard = watch.hear(head(liar, 7, "b"));

        assertThat(heard).isInstanceOf(Heard.Lie.class);
        var proof = ((Heard.Lie) heard).proof();
        var third = new HeadWatch(DOMAIN);
        assertThat(third.hear(proof)).isTrue();
        assertThat(third.hear(proof)).isFalse();
        assertThat(third.proof(liar.account())).contains(proof);
        assertThat(third.proof(honest.account())).isEmpty();
    }

    @Test
    void nobody_is_made_a_liar_by_what_others_sign() {
        watch.hear(head(honest, 7, "a"));
        var other = head(honest, 7, "b").message();
        var forged = new Signed<>(other, liar.sign(other.digest(DOMAIN)));
        var elsewhere = honest.sign(Domain.privateNetwork("elsewhere"), other);

        assertThat(watch.hear(forged)).isEqualTo(new Heard.Forged());
        assertThat(watch.hear(elsewhere)).isEqualTo(new Heard.Forged());
        assertThat(watch.hear(new Equivocation.Heads(head(honest, 7, "a"), forged))).isFalse();
        assertThat(watch.hear(new Equivocation.Heads(head(honest, 7, "a"), elsewhere))).isFalse();
        assertThat(watch.proof(honest.account())).isEmpty();
    }

    @Test
    void neither_two_records_nor_two_validators_nor_one_head_said_twice_are_proof() {
        var again =
                new LedgerHead(
                        honest.account(), 7, Bytes32.keccak("a7"), Instant.ofEpochSecond(9_999));
        watch.hear(head(honest, 7, "a"));

        assertThat(watch.hear(honest.sign(DOMAIN, again))).isEqualTo(new Heard.Known());
        assertThat(watch.hear(head(honest, 8, "b"))).isEqualTo(new Heard.New());
        assertThat(watch.hear(head(liar, 7, "b"))).isEqualTo(new Heard.New());
        assertThat(watch.hear(new Equivocation.Heads(head(honest, 7, "a"), head(liar, 7, "b"))))
                .isFalse();
    }

    @Test
    void each_field_of_a_head_is_under_its_signature() {
        var head = head(honest, 7, "a");

        var mutations = Mutations.of(head.message());

        assertThat(mutations).hasSize(4);
        mutations.forEach((field, changed) -> {
            assertThat(changed).as(field).isNotEmpty();
            for (var mutation : changed) {
                assertThat(watch.hear(new Signed<>(mutation, head.signature())))
                        .as(field)
                        .isEqualTo(new Heard.Forged());
            }
        });
    }

    @Test
    void what_is_remembered_has_limits() {
        for (int index = 0; index <= HeadWatch.HEADS_MAX; index++) {
            watch.hear(head(liar, index, "a"));
        }

        assertThat(watch.hear(head(liar, 1, "b"))).isInstanceOf(Heard.Lie.class);
        assertThat(new HeadWatch(DOMAIN).newest()).isEmpty();
        assertThat(watch.hear(head(liar, 0, "b"))).isEqualTo(new Heard.New());
    }
}
