package tensorlink.jobs.validator;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.jobs.exchange.Asker;
import tensorlink.jobs.lab.Lab;
import tensorlink.jobs.lab.Patience;
import tensorlink.jobs.market.Link;
import tensorlink.p2p.peer.KeyPair;
import tensorlink.p2p.peer.PeerInfo;

class LinkBookTest {
    @TempDir private Path folder;

    @Test
    void neighbours_are_asked_once_and_what_they_say_counts_both_ways_for_a_while()
            throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            var one = lab.worker().party().host().info();
            var two = lab.worker().party().host().info();
            var three = lab.worker().party().host().info();
            var book = book(lab, List.of(one, two, three));

            assertThat(book.between(one.id(), two.id())).isEqualTo(Link.ASSUMED);
            assertThat(book.learn(pairs(one, two, three), Set.of())).isTrue();

            var link = book.between(one.id(), two.id());
            assertThat(link).isNotEqualTo(Link.ASSUMED).isEqualTo(book.between(two.id(), one.id()));
            assertThat(book.between(two.id(), three.id())).isNotEqualTo(Link.ASSUMED);
            assertThat(book.between(one.id(), three.id())).isEqualTo(Link.ASSUMED);
            assertThat(book.learn(pairs(three, two, one), Set.of())).isFalse();
            lab.scheduler().advance(LinkBook.AGE_MAX);
            assertThat(book.between(one.id(), two.id())).as("too old").isEqualTo(Link.ASSUMED);
            assertThat(book.learn(pairs(one, two), Set.of())).isTrue();
        }
    }

    @Test
    void whom_nobody_dials_is_asked_himself() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            var worker = lab.worker().party().host().info();
            var other = lab.worker().party().host().info();
            var book = book(lab, List.of(worker, other));
            var unknown = new PeerInfo(other.id(), List.of());

            book.learn(pairs(worker, unknown), Set.of(other.id()));

            assertThat(book.between(worker.id(), other.id())).isNotEqualTo(Link.ASSUMED);
        }
    }

    @Test
    void what_cannot_be_measured_is_assumed_and_tried_again_soon() throws Exception {
        try (var lab = new Lab(folder, Patience.enough())) {
            var worker = lab.worker().party().host().info();
            var nobody = new PeerInfo(KeyPair.generate().peerId(), List.of());
            var book = book(lab, List.of(worker));

            assertThat(book.learn(pairs(worker, nobody), Set.of())).isTrue();

            assertThat(book.between(worker.id(), nobody.id())).isEqualTo(Link.ASSUMED);
            assertThat(book.learn(pairs(worker, nobody), Set.of())).isFalse();
            lab.scheduler().advance(LinkBook.RETRY);
            assertThat(book.learn(pairs(worker, nobody), Set.of())).isTrue();
        }
    }

    private static LinkBook book(Lab lab, List<PeerInfo> known) throws Exception {
        var party = lab.party();
        known.forEach(party.host().peers()::add);
        return new LinkBook(party, new Asker(party), lab.limits());
    }

    private static List<LinkBook.Pair> pairs(PeerInfo... workers) {
        var pairs = new ArrayList<LinkBook.Pair>();
        for (int i = 1; i < workers.length; i++) {
            pairs.add(new LinkBook.Pair(workers[i - 1], workers[i]));
        }
        return pairs;
    }
}
