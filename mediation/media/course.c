/* The road of nearly all packets, compiled: what `course.py` says of a course, and what `loop.py` says of a wake.

   In a wake a datagram is taken from every socket that has one, and those that simply follow their stream go on at once.
   All others are left to Python. Nothing here allocates, knows the time, or decides. */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    HEADER = 12,
    PLAIN = 0x80,            /* RTP's first octet: version 2, and nothing besides (RFC 3550 section 5.1) */
    LARGEST = 2048,          /* octets of a datagram that are read */
    MOST_READY = 2048,       /* sockets served in a wake */
    MOST_STRAYS = 16         /* datagrams of a wake that are read here and do not follow */
};

struct course {
    const uint8_t *table;    /* what each octet of the payload becomes; NULL: it stays */
    int64_t due;             /* when the next packet should come */
    int64_t tolerance;       /* so much earlier or later it does not follow */
    int64_t jitter_16;       /* sixteen times the jitter (RFC 3550 appendix A.8) */
    uint32_t timestamp;      /* of the next packet, and so on */
    uint32_t ssrc;
    uint32_t timestamp_offset;
    uint32_t leaving_ssrc;
    uint32_t packets;        /* have followed since they were counted last */
    uint32_t unsent;         /* of these, refused by the socket */
    int32_t octets;          /* of its datagram; 0: nothing is expected */
    int32_t sink;            /* the socket it leaves by; negative: Python sends */
    uint16_t sequence;
    uint16_t sequence_offset;
    uint8_t payload_type;
    uint8_t leaving_type;
};

struct wake {
    int32_t ready;                       /* sockets that have something */
    int32_t left;                        /* of these, left to Python, unread */
    int32_t strays;                      /* of these, read, and left to Python */
    int32_t sockets[MOST_READY];         /* those that are ready; once they were served, those that are left */
    int32_t stray_sockets[MOST_STRAYS];
    int32_t stray_octets[MOST_STRAYS];
    uint8_t packets[MOST_STRAYS][LARGEST];
};

const int32_t course_octets = sizeof(struct course);
const int32_t wake_octets = sizeof(struct wake);

static uint32_t read_32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void write_32(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)(number >> 24);
    at[1] = (uint8_t)(number >> 16);
    at[2] = (uint8_t)(number >> 8);
    at[3] = (uint8_t)number;
}

/* Whether a packet follows. If so it is counted, and what leaves in its place is written to `leaving`, which may be the
   packet itself. */
int course_follow(struct course *course, const uint8_t *packet, int octets, int64_t arrival, uint8_t *leaving)
{
    if (octets != course->octets || octets <= HEADER)
        return 0;
    uint16_t sequence = (uint16_t)(packet[2] << 8 | packet[3]);
    uint32_t timestamp = read_32(packet + 4);
    if (packet[0] != PLAIN || packet[1] != course->payload_type || sequence != course->sequence
        || timestamp != course->timestamp || read_32(packet + 8) != course->ssrc)
        return 0;
    int64_t late = arrival < course->due ? course->due - arrival : arrival - course->due;
    if (late >= course->tolerance)
        return 0;

    uint32_t samples = (uint32_t)(octets - HEADER);      /* G.711 has an octet for each */
    course->jitter_16 += late - ((course->jitter_16 + 8) >> 4);
    course->due = arrival + samples;
    course->sequence++;
    course->timestamp += samples;
    course->packets++;

    uint16_t number = (uint16_t)(sequence + course->sequence_offset);
    leaving[0] = PLAIN;
    leaving[1] = course->leaving_type;
    leaving[2] = (uint8_t)(number >> 8);
    leaving[3] = (uint8_t)number;
    write_32(leaving + 4, timestamp + course->timestamp_offset);
    write_32(leaving + 8, course->leaving_ssrc);
    const uint8_t *table = course->table;
    for (int at = HEADER; at < octets; at++)
        leaving[at] = table ? table[packet[at]] : packet[at];
    return 1;
}

/* Wait until a socket has something, so many ms at most, or for ever if that is negative. The result is 0, or an error's
   number; a signal ends the wait without one. */
int loop_wait(int epoll, int wait_ms, int most, struct wake *wake)
{
    struct epoll_event events[MOST_READY];
    int ready = epoll_wait(epoll, events, most < MOST_READY ? most : MOST_READY, wait_ms);
    int error = ready < 0 && errno != EINTR ? errno : 0;

    wake->ready = ready < 0 ? 0 : ready;
    for (int index = 0; index < ready; index++)
        wake->sockets[index] = events[index].data.fd;
    return error;
}

/* Serve them. `courses` has the course of each socket below `count`, or NULL. */
void loop_serve(struct course **courses, int count, int64_t arrival, struct wake *wake)
{
    wake->left = wake->strays = 0;
    for (int index = 0; index < wake->ready; index++) {
        int from = wake->sockets[index];
        struct course *course = from < count ? courses[from] : NULL;
        if (!course || !course->octets || course->sink < 0 || wake->strays == MOST_STRAYS) {
            wake->sockets[wake->left++] = from;
            continue;
        }
        uint8_t *packet = wake->packets[wake->strays];
        ssize_t octets = recv(from, packet, LARGEST, MSG_DONTWAIT);
        if (octets < 0)
            continue;       /* none after all, or the source's host says that nobody listens there yet */
        if (course_follow(course, packet, (int)octets, arrival, packet)) {
            if (send(course->sink, packet, (size_t)octets, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
                course->unsent++;
        } else {
            wake->stray_sockets[wake->strays] = from;
            wake->stray_octets[wake->strays++] = (int32_t)octets;
        }
    }
}
