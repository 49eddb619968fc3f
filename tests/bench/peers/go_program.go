// One presigned URL by aws-sdk-go-v2 (Debian's golang-github-aws-aws-sdk-go-v2-dev).  The SDK finds region, authority
// and keys by itself, from AWS_REGION, AWS_CA_BUNDLE and AWS_EC2_METADATA_SERVICE_ENDPOINT.
//
// SPDX-License-Identifier: MIT
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
)

func main() {
	log.SetFlags(0)
	if os.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT") == "" { // without it the SDK would ask the real one
		log.Fatal("AWS_EC2_METADATA_SERVICE_ENDPOINT names no stand-in for the metadata service")
	}
	ctx := context.Background()
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	endpoint := sagemaker.EndpointResolverFromURL(os.Getenv("BENCH_ENDPOINT_URL"))
	client := sagemaker.NewFromConfig(settings, sagemaker.WithEndpointResolver(endpoint))
	answer, err := client.CreatePresignedDomainUrl(ctx, &sagemaker.CreatePresignedDomainUrlInput{
		DomainId:        aws.String(os.Getenv("BENCH_DOMAIN_ID")),
		UserProfileName: aws.String(os.Getenv("PAM_USER")),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(aws.ToString(answer.AuthorizedUrl))
}
