package tensorlink.ledger.smartnodes;

import com.google.protobuf.ByteString;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tensorlink.ledger.Account;
import tensorlink.ledger.Bytes32;

/**
 * An argument of a contract's function as {@code abi.encode} has it: a word where it stands, or a
 * tail behind all words, whose place a word tells.
 */
public sealed interface AbiValue {
    int WORD = 32;

    record Word(ByteString bytes) implements AbiValue {
        public Word {
            if (bytes.size() != WORD) {
                throw new IllegalArgumentException("a word of " + bytes.size() + " bytes");
            }
        }
    }

    record Tail(ByteString bytes) implements AbiValue {}

    static ByteString encode(AbiValue... values) {
        return encode(List.of(values));
    }

    private static ByteString encode(List<? extends AbiValue> values) {
        var head = ByteString.EMPTY;
        var tails = ByteString.EMPTY;
        for (var value : values) {
            switch (value) {
                case Word(var bytes) -> head = head.concat(bytes);
                case Tail(var bytes) -> {
                    long at = (long) WORD * values.size() + tails.size();
                    head = head.concat(number(at).bytes());
                    tails = tails.concat(bytes);
                }
            }
        }
        return head.concat(tails);
    }

    /** A call: four bytes that name the function, then its arguments. */
    static ByteString call(String signature, AbiValue... arguments) {
        return Bytes32.keccak(signature).bytes().substring(0, 4).concat(encode(arguments));
    }

    static Word number(long value) {
        return number(BigInteger.valueOf(value));
    }

    /** A number from 0 to 2<sup>256</sup>−1. */
    static Word number(BigInteger value) {
        if (value.signum() < 0 || value.bitLength() > 8 * WORD) {
            throw new IllegalArgumentException(
                    "not from 0 to 2^256-1: a number of " + value.bitLength() + " bits");
        }
        var digits = value.toByteArray();
        int length = Math.min(digits.length, WORD);
        return new Word(
                ByteString.copyFrom(new byte[WORD - length])
                        .concat(ByteString.copyFrom(digits, digits.length - length, length)));
    }

    static Word account(Account account) {
        return new Word(ByteString.copyFrom(new byte[WORD - Account.SIZE]).concat(account.bytes()));
    }

    static Word word(Bytes32 word) {
        return new Word(word.bytes());
    }

    static Tail accounts(List<Account> accounts) {
        return list(accounts.stream().map(AbiValue::account).toList());
    }

    static Tail numbers(List<BigInteger> numbers) {
        return list(numbers.stream().map(AbiValue::number).toList());
    }

    static Tail words(List<Bytes32> words) {
        return list(words.stream().map(AbiValue::word).toList());
    }

    /** A list of lists of words. */
    static Tail wordLists(List<List<Bytes32>> lists) {
        var tails = new ArrayList<Tail>();
        for (var words : lists) {
            tails.add(words(words));
        }
        return list(tails);
    }

    static Tail text(String text) {
        var bytes = ByteString.copyFrom(text, StandardCharsets.UTF_8);
        int padding = Math.floorMod(-bytes.size(), WORD);
        return new Tail(
                number(bytes.size())
                        .bytes()
                        .concat(bytes)
                        .concat(ByteString.copyFrom(new byte[padding])));
    }

    private static Tail list(List<? extends AbiValue> values) {
        return new Tail(number(values.size()).bytes().concat(encode(values)));
    }
}
