package tensorlink.ledger;

import com.google.protobuf.ByteString;
import java.lang.reflect.InvocationTargetException;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Copies of a message in which one field differs by one. */
final class Mutations {
    private Mutations() {}

    /** By field, every neighbour that the message's own checks let exist. */
    static <R extends Record> Map<String, List<R>> of(R message) {
        var mutations = new LinkedHashMap<String, List<R>>();
        var components = message.getClass().getRecordComponents();
        for (int i = 0; i < components.length; i++) {
            var copies = new ArrayList<R>();
            for (var neighbour : neighbours(values(message)[i])) {
                var changed = values(message);
                changed[i] = neighbour;
                copy(message, changed, copies);
            }
            mutations.put(components[i].getName(), copies);
        }
        return mutations;
    }

    private static List<Object> neighbours(Object value) {
        return switch (value) {
            case Amount amount -> {
                var both = new ArrayList<Object>();
                if (!amount.equals(Amount.MAX)) {
                    both.add(amount.plus(Amount.of(1)));
                }
                if (!amount.isZero()) {
                    both.add(amount.minus(Amount.of(1)));
                }
                yield both;
            }
            case Account account ->
                    List.of(
                            new Account(
                                    Secp256k1.word(number(account.bytes().toByteArray()))
                                            .substring(Bytes32.SIZE - Account.SIZE)));
            case Bytes32 word ->
                    List.of(new Bytes32(Secp256k1.word(number(word.bytes().toByteArray()))));
            case Instant time -> List.of(time.plusSeconds(1), time.minusSeconds(1));
            case ByteString bytes ->
                    List.of(
                            bytes.substring(1),
                            ByteString.copyFrom(number(bytes.toByteArray()).toByteArray()));
            case Long number -> List.of(number + 1, number - 1);
            case JobEnd end -> List.of(JobEnd.ofCode(end.code() % JobEnd.values().length + 1));
            default -> throw new AssertionError("no mutation for " + value.getClass());
        };
    }

    /** The number with its lowest bit flipped. */
    private static BigInteger number(byte[] bytes) {
        return new BigInteger(1, bytes).flipBit(0);
    }

    private static Object[] values(Record message) {
        var components = message.getClass().getRecordComponents();
        var values = new Object[components.length];
        try {
            for (int i = 0; i < values.length; i++) {
                values[i] = components[i].getAccessor().invoke(message);
            }
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(message.toString(), e);
        }
        return values;
    }

    /** Adds the copy unless the message refuses to be so. */
    private static <R extends Record> void copy(R message, Object[] values, List<R> copies) {
        try {
            @SuppressWarnings("unchecked")
            var constructor =
                    (java.lang.reflect.Constructor<R>)
                            message.getClass().getDeclaredConstructors()[0];
            copies.add(constructor.newInstance(values));
        } catch (InvocationTargetException refused) {
            if (!(refused.getCause() instanceof IllegalArgumentException)) {
                throw new LinkageError(message.toString(), refused);
            }
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(message.toString(), e);
        }
    }
}
