package tensorlink.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The canonical bytes of messages: they come back equal, and nothing else is accepted. */
class EncodingTest {
    private final Draw draw = new Draw(new SplittableRandom(7));

    /** One kind of encoding: its random values, how they are written and how they are read. */
    private record Form<T>(Supplier<T> any, Writer<T> writer, Signed.Format<T> reader) {
        interface Writer<T> {
            ByteString write(T value);
        }

        ByteString anyBytes() {
            return writer.write(any.get());
        }
    }

    private final List<Form<?>> forms =
            List.of(
                    new Form<>(draw::issuance, Issuance::encode, Issuance::decode),
                    new Form<>(draw::deposit, Deposit::encode, Deposit::decode),
                    new Form<>(draw::opening, JobOpening::encode, JobOpening::decode),
                    new Form<>(draw::closing, JobClosing::encode, JobClosing::decode),
                    new Form<>(draw::agreement, Agreement::encode, Agreement::decode),
                    new Form<>(draw::voucher, Voucher::encode, Voucher::decode),
                    new Form<>(draw::receipt, UsageReceipt::encode, UsageReceipt::decode),
                    new Form<>(draw::binding, PeerBinding::encode, PeerBinding::decode),
                    new Form<>(draw::withdrawal, Withdrawal::encode, Withdrawal::decode),
                    new Form<>(draw::lock, Lock::encode, Lock::decode),
                    new Form<>(draw::stake, Stake::encode, Stake::decode),
                    new Form<>(draw::unstake, Unstake::encode, Unstake::decode),
                    new Form<>(draw::record, PeerRecord::encode, PeerRecord::decode),
                    new Form<>(draw::funding, Funding::encode, Funding::decode),
                    new Form<>(draw::root, RewardRoot::encode, RewardRoot::decode),
                    new Form<>(draw::cancel, RootCancel::encode, RootCancel::decode),
                    new Form<>(draw::dispute, Dispute::encode, Dispute::decode),
                    new Form<>(draw::verdict, Verdict::encode, Verdict::decode),
                    new Form<>(draw::head, LedgerHead::encode, LedgerHead::decode),
                    new Form<>(
                            () ->
                                    new Equivocation.Heads(
                                            new Signed<>(draw.head(), draw.signature()),
                                            new Signed<>(draw.head(), draw.signature())),
                            Equivocation.Heads::encode,
                            Equivocation.Heads::decode),
                    new Form<>(
                            () ->
                                    new SignedPeerBinding(
                                            draw.binding(), draw.signature(), draw.bytes(64)),
                            SignedPeerBinding::encode,
                            SignedPeerBinding::decode),
                    new Form<>(
                            () -> new Signed<>(draw.voucher(), draw.signature()),
                            Signed::encode,
                            bytes -> Signed.decode(bytes, Voucher::decode)),
                    new Form<>(
                            () ->
                                    new SignedAgreement(
                                            draw.agreement(), draw.signature(), draw.signature()),
                            SignedAgreement::encode,
                            SignedAgreement::decode));

    @Test
    void every_message_comes_back_equal() throws LedgerFormatException {
        for (var form : forms) {
            for (int i = 0; i < 200; i++) {
                comesBack(form);
            }
        }
    }

    private static <T> void comesBack(Form<T> form) throws LedgerFormatException {
        var value = form.any.get();

        assertThat(form.reader.decode(form.writer.write(value))).isEqualTo(value);
    }

    @Test
    void a_message_cut_at_any_byte_is_refused_and_so_is_one_byte_more() {
        for (var form : forms) {
            var bytes = form.anyBytes();
            for (int size = 0; size < bytes.size(); size++) {
                var cut = bytes.substring(0, size);
                assertThatThrownBy(() -> form.reader.decode(cut))
                        .isInstanceOf(LedgerFormatException.class);
            }
            var longer = bytes.concat(ByteString.copyFrom(new byte[1]));
            assertThatThrownBy(() -> form.reader.decode(longer))
                    .isInstanceOf(LedgerFormatException.class);
        }
    }

    @Test
    void no_kind_of_message_is_read_as_another() {
        for (var written : forms) {
            for (var read : forms) {
                if (!read.equals(written)) {
                    var bytes = written.anyBytes();
                    assertThatThrownBy(() -> read.reader.decode(bytes))
                            .isInstanceOf(LedgerFormatException.class);
                }
            }
        }
    }

    /** Whatever a flipped bit still lets through has that one encoding: no value has two. */
    @Test
    void flipped_bits_are_refused_or_give_a_value_with_just_that_encoding() {
        for (var form : forms) {
            var bytes = form.anyBytes().toByteArray();
            for (int bit = 0; bit < 8 * bytes.length; bit++) {
                var flipped = bytes.clone();
                flipped[bit / 8] ^= (byte) (1 << bit % 8);
                hasOneEncoding(form, ByteString.copyFrom(flipped));
            }
        }
    }

    private static <T> void hasOneEncoding(Form<T> form, ByteString bytes) {
        var read = new ArrayList<T>();
        var thrown = catchThrowable(() -> read.add(form.reader.decode(bytes)));
        if (thrown != null) {
            assertThat(thrown).isInstanceOf(LedgerFormatException.class);
        } else {
            assertThat(form.writer.write(read.getFirst())).isEqualTo(bytes);
        }
    }

    @Test
    void an_error_names_the_message_the_position_and_the_field() {
        var bytes = draw.voucher().encode();
        var zeroPayee =
                bytes.substring(0, 22).concat(Account.ZERO.bytes()).concat(bytes.substring(42));
        var late = bytes.substring(0, 58).concat(Fields.number(-1)).concat(bytes.substring(66));
        var tooLate =
                bytes.substring(0, 58)
                        .concat(Fields.number(Seconds.MAX + 1))
                        .concat(bytes.substring(66));

        assertThatThrownBy(() -> Voucher.decode(bytes.substring(0, 30)))
                .hasMessage("voucher at byte 22, payee: 20 bytes needed, 8 left");
        assertThatThrownBy(() -> Voucher.decode(zeroPayee))
                .hasMessageContaining("payee is the zero account");
        assertThatThrownBy(() -> Voucher.decode(late))
                .hasMessage("voucher at byte 58, expiry: 18446744073709551615 is more than 2^63-1");
        assertThatThrownBy(() -> Voucher.decode(tooLate))
                .hasMessage("voucher at byte 58, expiry: 253402300800 is after the year 9999");
        assertThatThrownBy(() -> Deposit.decode(bytes))
                .hasMessage("deposit at byte 0, kind: 6, expected 2");
        assertThatThrownBy(() ->
                        Voucher.decode(
                                bytes.substring(0, 1)
                                        .concat(Fields.octet(2))
                                        .concat(bytes.substring(2))))
                .hasMessage("voucher at byte 1, version: 2, expected 1");
    }

    @Test
    void messages_cannot_name_nobody_or_a_time_that_cannot_be_signed() {
        var someone = draw.account();
        var second = Instant.ofEpochSecond(1);

        assertThatThrownBy(() -> new Deposit(Account.ZERO, Amount.ZERO))
                .hasMessage("payer is the zero account, which nobody holds");
        assertThatThrownBy(() ->
                        new Voucher(
                                someone, someone, Amount.ZERO, second.plusNanos(1), Bytes32.ZERO))
                .hasMessageContaining("expiry must be a whole second from 1970 to 9999");
        assertThatThrownBy(() ->
                        new Voucher(
                                someone,
                                someone,
                                Amount.ZERO,
                                second.minusSeconds(2),
                                Bytes32.ZERO))
                .hasMessageContaining("1969");
        assertThatThrownBy(() -> new UsageReceipt(Bytes32.ZERO, someone, -1, 0))
                .hasMessage("units and sequence are not negative: -1, 0");
        assertThatThrownBy(() -> JobEnd.ofCode(5)).hasMessage("end is 1 to 4, not 5");
    }

    @Test
    void an_agreement_never_costs_more_than_its_maximum() {
        var draft = draw.agreement();
        var agreement =
                new Agreement(
                        draft.jobId(),
                        draft.payer(),
                        draft.payee(),
                        Amount.of(100),
                        Amount.of(7),
                        draft.unit(),
                        draft.start(),
                        draft.deadline(),
                        draft.specHash(),
                        draft.arbiter(),
                        draft.salt());

        assertThat(agreement.priceOf(14)).isEqualTo(Amount.of(98));
        assertThat(agreement.priceOf(15)).isEqualTo(Amount.of(100));
        assertThat(agreement.priceOf(Long.MAX_VALUE)).isEqualTo(Amount.of(100));
    }
}
