package tensorlink.testnet.sim.gossip;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Hostile nodes, how they find their victims and what they do to them.
 *
 * <p>The first twelve are the saved attack configurations of {@code libp2p/gossipsub-hardening}
 * ({@code scripts/configs}), with which the evaluation report of gossipsub 1.1
 * (PL-TechRep-2020-001, arXiv 2007.02754) was made: numbers of nodes and links, who dials whom and
 * when, what is dropped, when, and for how long is published. Hostile nodes are those of its {@code
 * badboy.go}. What is about scores is ours instead, because it is our defaults that are to hold:
 * where a configuration makes opportunistic grafting more frequent or an address with many peers
 * suspicious, so does the table, by our own weights. The last two are of our own.
 *
 * @param name as on the command line
 * @param sybils hostile nodes to 1,000 honest ones
 * @param perAddress how many of them share one IP address
 * @param dials how many honest nodes each of them dials
 * @param target which ones
 * @param sybilsAt when they dial, from the start
 * @param honestAt when the honest nodes dial each other, from the start
 * @param strikesAt until when they behave; no effect before they are there
 * @param published for how long messages are published that count
 * @param conduct what they do
 * @param graftTicks every how many heartbeats honest nodes graft for better scores
 * @param addressThreshold how many peers may share an address in the eyes of honest nodes
 */
public record Attack(
        String name,
        int sybils,
        int perAddress,
        int dials,
        Target target,
        Duration sybilsAt,
        Duration honestAt,
        Duration strikesAt,
        Duration published,
        Conduct conduct,
        int graftTicks,
        int addressThreshold) {

    private static final String TABLE =
            """
            name                            sybils addr dials target     come honest strike for conduct    graft share
            none                                 0    1     0 anybody       0      0      0  60 silent        60    10
            eclipse-single                    1000    4     1 first        60      0      0 180 silent        60    10
            eclipse-net                       4000   16   100 anybody      60      0      0 180 silent        60    10
            eclipse-publishers                1000    4   100 publishers   60      0      0 180 silent        60    10
            censor-single                     2000    8   100 anybody      60      0      0 180 censoring     60    10
            degrade-0.5                       2000    8   100 anybody      60      0      0 180 dropping      60    10
            cold-boot                         4000   16    20 anybody       0      0      0 180 silent        60    10
            cold-boot-oppgraft                4000   16    20 anybody       0      0      0 180 silent        10    10
            cold-boot-covert-flash            4000   16    20 anybody       0      0    120 300 silent        60    10
            cold-boot-covert-flash-oppgraft   4000   16    20 anybody       0     10    120 300 silent        10    10
            dawn                              4000   16    20 anybody       0     10      0 180 silent        60    10
            dawn-oppgraft                     4000   16    20 anybody       0     10      0 180 silent        10    10
            colocation                        4000  160    20 anybody       0      0      0 180 silent        60     1
            spam                              1000    4    20 anybody      60      0      0 180 spamming      60    10
            forgery                           1000    4    20 anybody      60      0      0 180 forging       60    10
            """;

    /** Nobody is hostile. */
    public static final Attack NONE;

    private static final List<Attack> ALL;

    static {
        var rows = new ArrayList<Attack>();
        for (var line : TABLE.lines().skip(1).toList()) {
            rows.add(parse(line.trim().split(" +", -1)));
        }
        NONE = rows.removeFirst();
        ALL = List.copyOf(rows);
    }

    private static Attack parse(String[] row) {
        return new Attack(
                row[0],
                Integer.parseInt(row[1]),
                Integer.parseInt(row[2]),
                Integer.parseInt(row[3]),
                Target.valueOf(row[4].toUpperCase(Locale.ROOT)),
                Duration.ofSeconds(Integer.parseInt(row[5])),
                Duration.ofSeconds(Integer.parseInt(row[6])),
                Duration.ofSeconds(Integer.parseInt(row[7])),
                Duration.ofSeconds(Integer.parseInt(row[8])),
                Conduct.valueOf(row[9].toUpperCase(Locale.ROOT)),
                Integer.parseInt(row[10]),
                Integer.parseInt(row[11]));
    }

    /** All attacks, the twelve of the public evaluation first. */
    public static List<Attack> all() {
        return ALL;
    }

    /** The attack of this name. */
    public static Optional<Attack> named(String name) {
        for (var attack : ALL) {
            if (attack.name.equals(name)) {
                return Optional.of(attack);
            }
        }
        return name.equals(NONE.name) ? Optional.of(NONE) : Optional.empty();
    }

    /** From when on the hostile nodes do harm. */
    Duration begins() {
        return sybilsAt.compareTo(strikesAt) > 0 ? sybilsAt : strikesAt;
    }

    /** Whom hostile nodes dial. */
    public enum Target {
        /** The first of the publishers, all of them. */
        FIRST,
        /** Publishers. */
        PUBLISHERS,
        /** Any honest nodes. */
        ANYBODY
    }

    /** What hostile nodes do; all of them enter every mesh that they can, and come back. */
    public enum Conduct {
        /** They pass on nothing. */
        SILENT,
        /** They pass on half of the messages. */
        DROPPING,
        /** They pass on everything that the first publisher did not write. */
        CENSORING,
        /** They graft all the time, whatever they are told, and offer what they do not send. */
        SPAMMING,
        /** They send messages that are not right. */
        FORGING
    }
}
