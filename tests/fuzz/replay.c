/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs kept inputs and whole images through a fuzz target, without a fuzzer:
 *
 *   TARGET INPUT...                 inputs, as the fuzzer makes them
 *   TARGET --images IMAGE...        images, in every mode of the target
 *   TARGET --pack MODE IMAGE        image to input, on standard output
 *   TARGET --unpack INPUT           and back
 *
 * A crash ends the program, and its last line names the input.  So does a run
 * that takes too long or too much memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/checked.h"
#include "fuzz.h"

#define SECONDS_MAX 20

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static uint8_t *read_whole(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = NULL;
	long end = -1;

	if (f && !fseek(f, 0, SEEK_END))
		end = ftell(f);
	if (end >= 0)
		p = malloc((size_t)end + 1);
	if (!p || fseek(f, 0, SEEK_SET) ||
	    fread(p, 1, (size_t)end, f) != (size_t)end) {
		perror(path);
		exit(2);
	}
	fclose(f);
	*len = (size_t)end;
	return p;
}

/* Without a sanitizer, whose shadow and quarantine would count. */
static void check_memory(const char *path)
{
#ifndef SANITIZED
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	if ((uint64_t)usage.ru_maxrss << 10 > FUZZ_RSS_MAX)
		fuzz_fail("%s: took %ld KiB of memory", path,
			  usage.ru_maxrss);
#endif
}

static void run(const char *path, const uint8_t *data, size_t len)
{
	fprintf(stderr, "%s\n", path);
	alarm(SECONDS_MAX);
	fuzz_one(data, len);
	alarm(0);
	check_memory(path);
}

/* Plain targets have no image to pack: the file follows the control. */
static size_t make_input(unsigned mode, const uint8_t *file, size_t len,
			 uint8_t **out)
{
	if (!fuzz_target.plain)
		return fuzz_pack(mode, file, len, out);
	*out = calloc(1, FUZZ_CTL_LEN + len);
	(*out)[FUZZ_MODE] = (uint8_t)mode;
	memcpy(*out + FUZZ_CTL_LEN, file, len);
	return FUZZ_CTL_LEN + len;
}

static void run_image(const char *path)
{
	uint8_t *image, *input;
	size_t len, input_len;

	image = read_whole(path, &len);
	for (unsigned mode = 0; mode < fuzz_target.modes_nr; mode++) {
		input_len = make_input(mode, image, len, &input);
		run(path, input, input_len);
		free(input);
	}
	free(image);
}

static void pack(unsigned mode, const char *path)
{
	uint8_t *image, *input;
	size_t len;

	image = read_whole(path, &len);
	len = fuzz_pack(mode, image, len, &input);
	fwrite(input, 1, len, stdout);
	free(image);
	free(input);
}

static void unpack(const char *path)
{
	struct fuzz_piece piece;
	struct fuzz_layout l;
	size_t len, at = 0;
	uint8_t *data = read_whole(path, &len);

	fuzz_layout(data, len, &l);
	if (ftruncate(STDOUT_FILENO, l.image_len))
		perror("standard output");
	while (fuzz_next_piece(data, len, &l, &at, &piece))
		if (piece.off < l.image_len &&
		    pwrite(STDOUT_FILENO, data + piece.at,
			   dw_min(piece.len, l.image_len - piece.off),
			   piece.off) < 0)
			perror("standard output");
	free(data);
}

int main(int argc, char **argv)
{
	uint8_t *data;
	size_t len;

	if (argc == 4 && !strcmp(argv[1], "--pack")) {
		pack((unsigned)atoi(argv[2]), argv[3]);
	} else if (argc == 3 && !strcmp(argv[1], "--unpack")) {
		unpack(argv[2]);
	} else if (argc > 1 && !strcmp(argv[1], "--images")) {
		for (int i = 2; i < argc; i++)
			run_image(argv[i]);
	} else {
		for (int i = 1; i < argc; i++) {
			data = read_whole(argv[i], &len);
			run(argv[i], data, len);
			free(data);
		}
	}
	return 0;
}
