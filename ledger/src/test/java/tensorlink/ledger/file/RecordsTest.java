package tensorlink.ledger.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tensorlink.ledger.Draw;
import tensorlink.ledger.Endorsement;
import tensorlink.ledger.Equivocation;
import tensorlink.ledger.LedgerFormatException;
import tensorlink.ledger.Message;
import tensorlink.ledger.Signed;
import tensorlink.ledger.SignedAgreement;
import tensorlink.ledger.file.Entry.Payment;

class RecordsTest {
    private static final Instant TIME = Instant.parse("2026-01-01T00:00:00.123Z");
    private static final int BODY = 10;

    private final Draw draw = new Draw(new SplittableRandom(13));

    private List<Entry> oneOfEach() {
        var payments = new ArrayList<Payment>();
        for (int i = 0; i < 3; i++) {
            payments.add(
                    new Payment(new Signed<>(draw.voucher(), draw.signature()), draw.amount()));
        }
        return List.of(
                new Entry.Issued(new Signed<>(draw.issuance(), draw.signature()), draw.amount()),
                new Entry.Deposited(new Signed<>(draw.deposit(), draw.signature()), draw.amount()),
                new Entry.JobOpened(new Signed<>(draw.opening(), draw.signature())),
                new Entry.AgreementRecorded(
                        new SignedAgreement(draw.agreement(), draw.signature(), draw.signature())),
                new Entry.JobClosed(new Signed<>(draw.closing(), draw.signature())),
                new Entry.Settled(payments),
                new Entry.Settled(payments.subList(0, 1)),
                new Entry.WithdrawalNoticed(signed(draw.withdrawal()), draw.amount(), draw.time()),
                new Entry.Withdrawn(draw.account(), draw.amount()),
                new Entry.Locked(signed(draw.lock())),
                new Entry.Unlocked(draw.account(), draw.account(), draw.amount()),
                new Entry.Disputed(
                        draw.agreement(), signed(draw.dispute()), draw.amount(), draw.time()),
                new Entry.Judged(draw.agreement(), signed(draw.verdict()), draw.amount()),
                new Entry.Staked(signed(draw.stake()), draw.amount(), Entry.Seat.TAKEN),
                new Entry.UnstakeNoticed(
                        signed(draw.unstake()), draw.amount(), draw.time(), Entry.Seat.LEFT),
                new Entry.Unstaked(draw.account(), draw.amount()),
                new Entry.Announced(signed(draw.record())),
                new Entry.Slashed(
                        new Equivocation.Roots(
                                draw.account(),
                                draw.root(),
                                draw.signature(),
                                draw.root(),
                                draw.signature()),
                        draw.account(),
                        draw.amount(),
                        draw.amount(),
                        Entry.Seat.SAME),
                new Entry.Funded(signed(draw.funding()), draw.amount()),
                new Entry.RootPosted(
                        draw.root(), List.of(endorsement(), endorsement()), draw.time()),
                new Entry.RootCancelled(draw.cancel(), List.of(endorsement())),
                new Entry.Claimed(
                        draw.account(),
                        draw.amount(),
                        List.of(draw.word(), draw.word(), draw.word()),
                        draw.amount()));
    }

    private <M extends Message> Signed<M> signed(M message) {
        return new Signed<>(message, draw.signature());
    }

    private Endorsement endorsement() {
        return new Endorsement(draw.account(), draw.signature());
    }

    @Test
    void every_entry_comes_back_equal_and_has_one_encoding() throws LedgerFormatException {
        for (int i = 0; i < 50; i++) {
            for (var entry : oneOfEach()) {
                var record = Records.encode(TIME, entry);

                var read = Records.decode(record);

                assertThat(read).isEqualTo(new Records.Stamped(TIME, entry));
                assertThat(Records.encode(read.time(), read.entry())).isEqualTo(record);
            }
        }
    }

    @Test
    void a_record_cut_at_any_byte_is_refused_and_so_is_one_byte_more() {
        for (var entry : oneOfEach()) {
            var record = Records.encode(TIME, entry);
            for (int size = 0; size < record.size(); size++) {
                var cut = record.substring(0, size);
                assertThatThrownBy(() -> Records.decode(cut))
                        .isInstanceOf(LedgerFormatException.class);
            }
            var longer = record.concat(ByteString.copyFrom(new byte[1]));
            assertThatThrownBy(() -> Records.decode(longer))
                    .isInstanceOf(LedgerFormatException.class);
        }
    }

    @Test
    void unknown_versions_and_kinds_are_refused() {
        var record = Records.encode(TIME, oneOfEach().getFirst());

        assertThatThrownBy(() -> Records.decode(with(record, 0, 2)))
                .hasMessage("record at byte 0, version: 2, expected 1");
        for (int kind : new int[] {0, 22, 127}) {
            assertThatThrownBy(() -> Records.decode(with(record, 1, kind)))
                    .hasMessage("record at byte 1, kind: unknown: " + kind);
        }
        assertThatThrownBy(() -> Records.decode(with(record, 1, 3)))
                .isInstanceOf(LedgerFormatException.class);
    }

    @Test
    void a_settlement_has_exactly_as_many_payments_as_it_says() {
        var record = Records.encode(TIME, oneOfEach().get(5));

        for (int count : new int[] {0, 1, 2, 4, 255}) {
            assertThatThrownBy(() -> Records.decode(with(record, BODY + 1, count)))
                    .as("count " + count)
                    .isInstanceOf(LedgerFormatException.class);
        }
    }

    @Test
    void an_error_has_its_position_in_the_record() {
        var record = Records.encode(TIME, oneOfEach().get(6));
        int signatureV = record.size() - 1;

        assertThatThrownBy(() -> Records.decode(with(record, signatureV, 5)))
                .isInstanceOfSatisfying(
                        LedgerFormatException.class,
                        e -> assertThat(e.position()).isEqualTo(record.size() - 65))
                .hasMessageContaining("v is 27 or 28, not 5");
    }

    @Test
    void a_genesis_names_network_and_issuer() throws LedgerFormatException {
        var genesis = new Records.Genesis("Netz für uns", draw.account());
        var record = Records.encode(TIME, genesis);

        assertThat(Records.decodeGenesis(record)).isEqualTo(genesis);
        assertThat(Records.time(record)).isEqualTo(TIME);
        assertThatThrownBy(() -> Records.decodeGenesis(record.substring(0, 30)))
                .hasMessage("record at byte 10, network id: missing");
        assertThatThrownBy(() -> Records.decodeGenesis(with(record, 30, 0xff)))
                .hasMessage("record at byte 30, network id: not UTF-8");
        assertThatThrownBy(() -> Records.decodeGenesis(Records.encode(TIME, oneOfEach().get(0))))
                .hasMessage("record at byte 1, kind: 1, expected 0");
    }

    private static ByteString with(ByteString record, int at, int value) {
        return record.substring(0, at)
                .concat(ByteString.copyFrom(new byte[] {(byte) value}))
                .concat(record.substring(at + 1));
    }
}
