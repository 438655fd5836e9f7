package tensorlink.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Model;
import tensorlink.compute.ModelConfig;
import tensorlink.compute.tokenizer.Tokenizer;
import tensorlink.jobs.JobOptions;
import tensorlink.jobs.job.JobException;
import tensorlink.jobs.job.Problem;
import tensorlink.jobs.job.ProblemCode;
import tensorlink.p2p.multiaddr.Multiaddr;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

/** A way into the network that leads nowhere is told in what, why and what now. */
class JoiningTest {
    @TempDir private Path folder;

    @Test
    void an_address_that_another_peer_holds_names_that_peer() throws Exception {
        try (var validator = validator("lab")) {
            var actual = validator.node().info();
            var expected = new PeerInfo(KeyPair.generate().peerId(), actual.addresses());
            try (var user = UserNode.join(Network.named("lab").via(expected))) {
                var problem = refusal(user);

                assertThat(problem.code()).isEqualTo(ProblemCode.UNREACHABLE);
                assertThat(problem.what()).isEqualTo("network \"lab\" cannot be joined");
                assertThat(problem.why())
                        .isEqualTo(
                                "bootstrap peer "
                                        + expected.fullAddresses().getFirst()
                                        + " is of no use: another peer answers there: "
                                        + actual.id());
                assertThat(problem.now()).contains("put its id after /p2p/");
            }
        }
    }

    @Test
    void an_address_where_nothing_listens_is_named() throws Exception {
        var nobody =
                new PeerInfo(
                        KeyPair.generate().peerId(),
                        List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/1")));
        try (var user = UserNode.join(Network.named("lab").via(nobody))) {
            var problem = refusal(user);

            assertThat(problem.code()).isEqualTo(ProblemCode.UNREACHABLE);
            assertThat(problem.why())
                    .isEqualTo(
                            "bootstrap peer "
                                    + nobody.fullAddresses().getFirst()
                                    + " is of no use: nothing listens there");
            assertThat(problem.now()).startsWith("start that node, or correct the address");
            assertThat(user.node().isAlone()).isTrue();
        }
    }

    @Test
    void a_peer_of_another_network_is_told_as_such() throws Exception {
        try (var validator = validator("lab-a");
                var user = UserNode.join(Network.named("lab-b").via(validator.node().info()))) {
            var problem = refusal(user);

            assertThat(problem.code()).isEqualTo(ProblemCode.UNREACHABLE);
            assertThat(problem.what()).isEqualTo("network \"lab-b\" cannot be joined");
            // Which one it is part of is said too once it has identified itself.
            assertThat(problem.why()).contains("is of no use: it is no part of network \"lab-b\"");
            assertThat(problem.now()).startsWith("name the network that it is part of");
        }
    }

    @Test
    void no_bootstrap_peer_at_all_is_told_as_such() throws Exception {
        try (var user = UserNode.join(Network.named("lab"))) {
            var problem = refusal(user);

            assertThat(problem.why()).isEqualTo("no bootstrap peer is configured");
            assertThat(problem.now()).contains("--bootstrap");
        }
    }

    @Test
    void one_good_bootstrap_peer_is_enough_and_the_bad_ones_are_still_told() throws Exception {
        try (var validator = validator("lab")) {
            var nobody =
                    new PeerInfo(
                            KeyPair.generate().peerId(),
                            List.of(Multiaddr.parse("/ip4/127.0.0.1/tcp/1")));
            try (var user =
                    UserNode.join(Network.named("lab").via(nobody, validator.node().info()))) {

                assertThat(user.node().isAlone()).isFalse();
                assertThat(user.node().bootstrapProblems())
                        .singleElement()
                        .extracting(Problem::why)
                        .isEqualTo("nothing listens there");
            }
        }
    }

    @Test
    void a_second_node_from_the_same_home_is_refused_and_the_first_one_keeps_its_files()
            throws Exception {
        var home = Home.at(folder);
        try (var _ = UserNode.join(Network.named("lab"), home)) {
            var refused =
                    catchThrowableOfType(
                            HomeInUseException.class,
                            () -> UserNode.join(Network.named("lab"), home));

            assertThat(refused).hasMessageContaining(folder.toString());
            assertThat(home.identity()).exists();
        }

        UserNode.join(Network.named("lab"), home).close();
    }

    @Test
    void a_user_without_a_home_leaves_nothing_behind() throws Exception {
        var user = UserNode.join(Network.named("lab"));
        var home = user.node().home().folder();
        assertThat(home).exists();

        user.close();
        user.close();

        assertThat(home).doesNotExist();
    }

    private static ValidatorNode validator(String network) throws Exception {
        return ValidatorNode.start(
                Network.named(network), Home.fresh(), ValidatorNode.Options.free());
    }

    private static Problem refusal(UserNode user) {
        var model = Model.initialize(ModelConfig.llama(32, 2, 256, 64), Tokenizer.bytes(), 1);
        return catchThrowableOfType(
                        JobException.class,
                        () -> user.createDistributedModel(model, JobOptions.inference()))
                .problem();
    }
}
