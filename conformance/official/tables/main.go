// A table of movies, through the AWS SDK for Go v2 and its packages for attribute values and expressions.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

type movie struct {
	Title  string         `dynamodbav:"title"`
	Year   int            `dynamodbav:"year"`
	Rating float64        `dynamodbav:"rating,omitempty"`
	Genres []string       `dynamodbav:"genres,stringset,omitempty"`
	Info   map[string]any `dynamodbav:"info,omitempty"`
}

func (m movie) key() map[string]types.AttributeValue {
	key, err := attributevalue.MarshalMap(struct {
		Title string `dynamodbav:"title"`
		Year  int    `dynamodbav:"year"`
	}{m.Title, m.Year})
	must(err)
	return key
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func want(what string, got, wanted any) {
	if !reflect.DeepEqual(got, wanted) {
		log.Fatalf("%s: %v, not %v", what, got, wanted)
	}
}

func marshal(m movie) map[string]types.AttributeValue {
	item, err := attributevalue.MarshalMap(m)
	must(err)
	return item
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cfg, err := config.LoadDefaultConfig(ctx)
	must(err)
	client, table := dynamodb.NewFromConfig(cfg), aws.String("movies")

	_, err = client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:   table,
		BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("year"), AttributeType: types.ScalarAttributeTypeN},
			{AttributeName: aws.String("title"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("year"), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String("title"), KeyType: types.KeyTypeRange},
		},
	})
	must(err)
	waiter := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = time.Second })
	must(waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: table}, 30*time.Second))

	heat := movie{Title: "Heat", Year: 1995, Rating: 8.3, Genres: []string{"Crime", "Drama"}, Info: map[string]any{"plot": "Two men."}}
	_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: table, Item: marshal(heat)})
	must(err)
	got, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: table, Key: heat.key(), ConsistentRead: aws.Bool(true)})
	must(err)
	var found movie
	must(attributevalue.UnmarshalMap(got.Item, &found))
	want("GetItem", found, heat)

	update := expression.Set(expression.Name("rating"), expression.Value(8.5)).
		Set(expression.Name("info.plot"), expression.Value("Two men and a bank."))
	expr, err := expression.NewBuilder().WithUpdate(update).
		WithCondition(expression.Name("rating").LessThan(expression.Value(8.4))).Build()
	must(err)
	change := &dynamodb.UpdateItemInput{
		TableName: table, Key: heat.key(), UpdateExpression: expr.Update(), ConditionExpression: expr.Condition(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(), ReturnValues: types.ReturnValueUpdatedNew,
	}
	changed, err := client.UpdateItem(ctx, change)
	must(err)
	var attributes map[string]any
	must(attributevalue.UnmarshalMap(changed.Attributes, &attributes))
	want("UpdateItem", attributes, map[string]any{"rating": 8.5, "info": map[string]any{"plot": "Two men and a bank."}})
	_, err = client.UpdateItem(ctx, change)
	var failed *types.ConditionalCheckFailedException
	want("a second UpdateItem", errors.As(err, &failed), true)

	var writes []types.WriteRequest
	for number := range 25 {
		item := marshal(movie{Title: fmt.Sprintf("Part %02d", number), Year: 2000 + number%2})
		writes = append(writes, types.WriteRequest{PutRequest: &types.PutRequest{Item: item}})
	}
	written, err := client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"movies": writes}})
	must(err)
	want("BatchWriteItem leaves", len(written.UnprocessedItems), 0)

	expr, err = expression.NewBuilder().WithKeyCondition(expression.Key("year").Equal(expression.Value(2000))).
		WithProjection(expression.NamesList(expression.Name("title"))).Build()
	must(err)
	pages := dynamodb.NewQueryPaginator(client, &dynamodb.QueryInput{
		TableName: table, Limit: aws.Int32(5), KeyConditionExpression: expr.KeyCondition(), ProjectionExpression: expr.Projection(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	titles := []movie{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		must(err)
		var some []movie
		must(attributevalue.UnmarshalListOfMaps(page.Items, &some))
		titles = append(titles, some...)
	}
	want("Query finds", len(titles), 13)
	want("Query begins with", titles[0], movie{Title: "Part 00"})

	put := func(m movie, condition *string) types.TransactWriteItem {
		return types.TransactWriteItem{Put: &types.Put{TableName: table, Item: marshal(m), ConditionExpression: condition}}
	}
	_, err = client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		put(movie{Title: "New", Year: 2026}, nil), put(heat, aws.String("attribute_not_exists(title)")),
	}})
	var canceled *types.TransactionCanceledException
	want("TransactWriteItems is canceled", errors.As(err, &canceled), true)
	want("the second one's reason", *canceled.CancellationReasons[1].Code, "ConditionalCheckFailed")

	scanned, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: table, Select: types.SelectCount})
	must(err)
	want("Scan counts", scanned.Count, int32(26))
	_, err = client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: table})
	must(err)
	_, err = client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: table})
	var missing *types.ResourceNotFoundException
	want("the table is gone", errors.As(err, &missing), true)
	fmt.Fprintln(os.Stdout, "done")
}
